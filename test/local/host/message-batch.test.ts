import { expect, test } from "vitest";
import { createMessageBatch } from "../../../local/host/message-batch.ts";

function createSent() {
  const sent: number[][] = [];
  const batch = createMessageBatch<number>((messages) =>
    sent.push([...messages]),
  );
  return { sent, batch };
}

const nextTick = () =>
  new Promise<void>((resolve) => process.nextTick(resolve));

test("what is added in one go is sent together, in its order", async () => {
  const { sent, batch } = createSent();
  batch.add(1);
  batch.add(2);
  expect(sent).toEqual([]);
  await nextTick();
  expect(sent).toEqual([[1, 2]]);
});

test("what promises add that are settled by then is sent with it", async () => {
  const { sent, batch } = createSent();
  const addLater = async (message: number, hops: number): Promise<void> => {
    for (let hop = 0; hop < hops; hop += 1) await Promise.resolve();
    batch.add(message);
  };
  await Promise.all([addLater(1, 1), addLater(2, 3), addLater(3, 2)]);
  await nextTick();
  expect(sent).toEqual([[1, 3, 2]]);
});

test("many messages go in pieces", async () => {
  const { sent, batch } = createSent();
  for (let message = 0; message < 100; message += 1) batch.add(message);
  await nextTick();
  expect(sent.flat()).toEqual(Array.from({ length: 100 }, (_, index) => index));
  expect(Math.max(...sent.map(({ length }) => length))).toBeLessThanOrEqual(32);
});

test("work that does not yield keeps back what was said before it no longer than until the next message", () => {
  const { sent, batch } = createSent();
  batch.add(1);
  const until = performance.now() + 2;
  while (performance.now() < until);
  batch.add(2);
  expect(sent).toEqual([[1, 2]]);
});

test("a flush sends at once what waits, and nothing when nothing waits", async () => {
  const { sent, batch } = createSent();
  batch.flush();
  batch.add(1);
  batch.flush();
  await nextTick();
  expect(sent).toEqual([[1]]);
});
