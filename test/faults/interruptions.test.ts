import { expect, onTestFinished, test } from "vitest";
import type { CallbackAnswer } from "../support/callback-receiver.ts";
import { createTempFolder } from "../support/temp-folder.ts";
import { createJobLoad, type JobLoad } from "./job-load.ts";
import { expectEachEndedOnce } from "./settled.ts";

async function openLoad(
  answer?: Parameters<typeof createJobLoad>[1],
): Promise<JobLoad> {
  const load = await createJobLoad(createTempFolder(), answer);
  onTestFinished(() => load.close());
  return load;
}

test("killed while a subscriber has not answered yet: the delivery is made again under its id", async () => {
  const posted = Promise.withResolvers<void>();
  const load = await openLoad((_callback, nth) => {
    if (nth > 1) return { status: 204 };
    posted.resolve();
    return new Promise<CallbackAnswer>(() => undefined);
  });
  const app = await load.app.start();
  await load.prepare();
  const job = await load.submit(1);
  await posted.promise;
  await app.kill();
  await expectEachEndedOnce(load, await load.app.start(), [job]);
  const ids = load.receiver.received.map(
    ({ headers }) => headers["webhook-id"],
  );
  expect(ids).toEqual([job.deliveryId, job.deliveryId]);
}, 60_000);

test("SIGTERM in the middle of jobs drains: it ends with 0, and the next start goes on with what was cut off", async () => {
  const load = await openLoad();
  const app = await load.app.start();
  await load.prepare();
  const jobs = await load.submitAll(20);
  expect(await app.terminate()).toBe(0);
  expect(load.receiver.received.length).toBeLessThan(jobs.length);
  await expectEachEndedOnce(load, await load.app.start(), jobs);
}, 60_000);
