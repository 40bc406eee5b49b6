import { expect, test } from "vitest";
import { createLeaseLock } from "../../../shared/documents/lease-lock.ts";
import { NucleusError } from "../../../shared/kernel/errors.ts";
import { openPorts, tag } from "../../support/core.ts";

const name = tag("kek");

/** A lock whose waits let time pass: `step` milliseconds each. */
function openLock(step = 250) {
  const { store, clock } = openPorts();
  const open = () =>
    createLeaseLock({
      store,
      random: () => 0.5,
      sleep: async () => clock.advance(step),
    });
  return { store, clock, open };
}

test("work under one name runs one after another, also for two processes", async () => {
  const { open } = openLock(0);
  const order: string[] = [];
  const run = (lock: ReturnType<typeof open>, who: string) =>
    lock(name, async () => {
      order.push(`${who} in`);
      await Promise.resolve();
      order.push(`${who} out`);
    });
  await Promise.all([run(open(), "a"), run(open(), "b"), run(open(), "c")]);
  expect(order).toHaveLength(6);
  for (let n = 0; n < order.length; n += 2)
    expect(order[n + 1]).toBe(order[n]?.replace(" in", " out"));
});

test("work that fails gives the lock back, and its failure stays its own", async () => {
  const { open } = openLock();
  const lock = open();
  const failing = lock(name, () =>
    Promise.reject(new NucleusError("dependency_denied")),
  );
  await expect(failing).rejects.toMatchObject({ code: "dependency_denied" });
  expect(await lock(name, () => Promise.resolve("again"))).toBe("again");
});

test("the lock of a process that died is free after its lease", async () => {
  const { open, clock } = openLock();
  const dead = Promise.withResolvers<never>();
  const startedAt = clock.now();
  void open()(name, () => dead.promise);
  expect(await open()(name, () => Promise.resolve("taken over"))).toBe(
    "taken over",
  );
  expect(clock.now() - startedAt).toBeGreaterThanOrEqual(60_000);
});

test("a lock that stays taken is an outage, not a wait without end", async () => {
  const { open } = openLock(0);
  const lock = open();
  const outcome = lock(name, () =>
    open()(name, () => Promise.resolve("never")),
  );
  await expect(outcome).rejects.toMatchObject({ code: "store_unavailable" });
});

test("a name may be anything", async () => {
  const { open } = openLock();
  const name = `secret-${"x".repeat(127)} ä/..`;
  expect(await open()(name, () => Promise.resolve("locked"))).toBe("locked");
});

test("names do not wait for each other", async () => {
  const { open } = openLock();
  const inner = await open()(name, () =>
    open()(tag("other"), () => Promise.resolve("both")),
  );
  expect(inner).toBe("both");
});
