import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createWorkerPulse } from "../../../local/host/worker-pulse.ts";

const intervalMs = 100;
const deadAfterMs = 1000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Lets that time pass, and what is due be read. */
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

function start() {
  const seen = { pings: 0, recoveries: 0, isDead: false };
  const work = { isOpen: true };
  const pulse = createWorkerPulse({
    intervalMs,
    deadAfterMs,
    ping: () => (seen.pings += 1),
    isBusy: () => work.isOpen,
    onRecovery: () => (seen.recoveries += 1),
    onDead: () => (seen.isDead = true),
  });
  return { pulse, seen, work };
}

describe("a worker that has work", () => {
  it("is pinged only when it is silent", async () => {
    const { pulse, seen } = start();
    pulse.watch();
    for (let beat = 0; beat < 5; beat += 1) {
      pulse.heard();
      await pass(intervalMs);
    }
    expect(seen.pings).toBe(0);
    await pass(intervalMs);
    expect(seen.pings).toBe(1);
    expect(pulse.isBeating()).toBe(true);
  });

  it("beats as long as it answers", async () => {
    const { pulse, seen } = start();
    pulse.watch();
    for (let beat = 0; beat < 6; beat += 1) {
      await pass(intervalMs);
      if (seen.pings > beat / 2) pulse.answered();
    }
    expect(pulse.isBeating()).toBe(true);
    expect(seen.recoveries).toBe(0);
  });

  it("does not beat while a ping stays unanswered, and recovers with the answer", async () => {
    const { pulse, seen } = start();
    pulse.watch();
    await pass(3 * intervalMs);
    expect(seen.pings).toBe(1);
    expect(pulse.isBeating()).toBe(false);
    pulse.answered();
    expect(pulse.isBeating()).toBe(true);
    expect(seen.recoveries).toBe(1);
  });

  it("is never dead for its silence alone, however long its work", async () => {
    const { pulse, seen } = start();
    pulse.watch();
    await pass(10 * deadAfterMs);
    expect(seen).toMatchObject({ isDead: false, pings: 1 });
  });

  it("that does not beat is found out although its work is settled by its time", async () => {
    const { pulse, work } = start();
    pulse.watch();
    await pass(intervalMs + 1);
    work.isOpen = false;
    await pass(intervalMs + 1);
    expect(pulse.isBeating()).toBe(false);
  });
});

describe("an idle worker", () => {
  it("is not watched", async () => {
    const { pulse, seen, work } = start();
    pulse.watch();
    work.isOpen = false;
    await pass(intervalMs + 1);
    expect(seen.pings).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("a demanded answer", () => {
  it("makes the worker one that does not beat until it comes", () => {
    const { pulse, seen } = start();
    pulse.demand();
    expect(pulse.isBeating()).toBe(false);
    pulse.answered();
    expect(pulse.isBeating()).toBe(true);
    expect(seen.recoveries).toBe(1);
  });

  it("that does not come is the worker's death", async () => {
    const { pulse, seen } = start();
    pulse.demand();
    await pass(deadAfterMs - 1);
    expect(seen.isDead).toBe(false);
    await pass(2);
    expect(seen.isDead).toBe(true);
  });

  it("is not given by the answer to an earlier ping", async () => {
    const { pulse, seen } = start();
    pulse.watch();
    await pass(intervalMs + 1);
    pulse.demand();
    pulse.answered();
    await pass(deadAfterMs + 1);
    expect(seen).toMatchObject({ pings: 2, isDead: true });
  });

  it("is not waited for where the worker has been silent for as long already", async () => {
    const { pulse, seen } = start();
    pulse.watch();
    await pass(deadAfterMs + 2 * intervalMs);
    pulse.demand();
    expect(seen.isDead).toBe(true);
  });

  it("is not waited for once the worker is gone", async () => {
    const { pulse, seen } = start();
    pulse.demand();
    pulse.end();
    await pass(2 * deadAfterMs);
    expect(seen.isDead).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });
});
