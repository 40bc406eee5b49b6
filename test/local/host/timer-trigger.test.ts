import { describe, expect, it } from "vitest";
import { createVirtualClock } from "../../../local/durable/clock.ts";
import { catalogFunctions } from "../../../local/host/function-catalogue.ts";
import type { Invocation } from "../../../local/host/invoker.ts";
import { createTimerTrigger } from "../../../local/host/triggers/timer-trigger.ts";
import { retryDelayMs } from "../../../local/host/triggers/invoke-with-retry.ts";
import type { RetryOptions } from "../../../local/host/worker-messages.ts";
import type {
  TimerStatus,
  TimerStore,
} from "../../../local/host/triggers/timer-store.ts";
import type { InvocationOutcome } from "../../../local/host/open-invocations.ts";
import type { Trigger } from "../../../local/host/triggers/trigger.ts";

const start = Date.UTC(2026, 0, 1);
const minute = 60_000;

interface Started {
  readonly trigger: Trigger;
  readonly clock: ReturnType<typeof createVirtualClock>;
  readonly runs: { readonly at: number; readonly timer: TimerInfo }[];
  /** Ends the run that is under way, well unless told otherwise. */
  finish(outcome?: InvocationOutcome): Promise<void>;
}

interface TimerInfo {
  readonly IsPastDue: boolean;
  readonly ScheduleStatus: {
    readonly Last: string;
    readonly Next: string;
  } | null;
}

function startTimer(
  binding: Record<string, unknown>,
  {
    now = start,
    store = createMemoryStore(),
    settings = {},
    retryOptions,
  }: {
    readonly now?: number;
    readonly store?: TimerStore;
    readonly settings?: Record<string, string>;
    readonly retryOptions?: RetryOptions;
  } = {},
): Started {
  const [called] = catalogFunctions([
    {
      name: "tick",
      bindings: {
        timer: { type: "timerTrigger", direction: "in", ...binding },
      },
      ...(retryOptions !== undefined && { retryOptions }),
    },
  ]);
  if (called === undefined) throw new Error("no function");
  const clock = createVirtualClock(now);
  const runs: Started["runs"] = [];
  let end: ((outcome: InvocationOutcome) => void) | undefined;
  const trigger = createTimerTrigger(called, {
    clock,
    store,
    settings,
    log: () => undefined,
    invoker: {
      idle: () => Promise.resolve(),
      invoke({ data }: Invocation) {
        const timer = JSON.parse(data?.json ?? "") as TimerInfo;
        runs.push({ at: clock.now(), timer });
        return new Promise((resolve) => {
          end = resolve;
        });
      },
    },
  });
  trigger.start();
  return {
    trigger,
    clock,
    runs,
    async finish(outcome = { kind: "completed" }) {
      end?.(outcome);
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

function createMemoryStore(
  entries: Record<string, TimerStatus> = {},
): TimerStore & { readonly entries: Record<string, TimerStatus> } {
  return {
    entries,
    read: (name) => entries[name],
    write: (name, status) => {
      entries[name] = status;
    },
  };
}

describe("createTimerTrigger", () => {
  it("runs at each occurrence and tells the function when it ran before and should run now", async () => {
    const { clock, runs, finish } = startTimer({ schedule: "0 */5 * * * *" });
    clock.advanceTo(start + 5 * minute - 1);
    expect(runs).toEqual([]);
    clock.advanceTo(start + 5 * minute);
    await finish();
    clock.advanceTo(start + 10 * minute);
    expect(runs.map(({ at }) => at - start)).toEqual([5 * minute, 10 * minute]);
    expect(runs[1]?.timer).toMatchObject({
      IsPastDue: false,
      ScheduleStatus: {
        Last: "2026-01-01T00:05:00.000Z",
        Next: "2026-01-01T00:10:00.000Z",
        LastUpdated: "2026-01-01T00:05:00.000Z",
      },
    });
  });

  it("never overlaps itself: what passes during a run is made up for by one run behind it", async () => {
    const { clock, runs, finish } = startTimer({ schedule: "0 * * * * *" });
    clock.advanceTo(start + minute);
    clock.advanceTo(start + 3.5 * minute);
    expect(runs).toHaveLength(1);
    await finish();
    clock.advanceTo(start + 3.5 * minute);
    expect(runs[1]?.timer).toMatchObject({
      IsPastDue: false,
      ScheduleStatus: {
        Last: "2026-01-01T00:01:00.000Z",
        Next: "2026-01-01T00:02:00.000Z",
      },
    });
    await finish();
    expect(clock.nextAt()).toBe(start + 4 * minute);
  });

  it("counts an interval from start to start, also over a restart", async () => {
    const store = createMemoryStore();
    const schedule = "01:00:00";
    const { clock, finish } = startTimer({ schedule }, { store });
    clock.advanceTo(start + 60 * minute);
    clock.advanceTo(start + 70 * minute);
    await finish();
    expect(clock.nextAt()).toBe(start + 120 * minute);
    const later = startTimer({ schedule }, { store, now: start + 90 * minute });
    expect(later.runs).toEqual([]);
    expect(later.clock.nextAt()).toBe(start + 120 * minute);
  });

  it("runs at the start where runOnStartup says so", () => {
    const { runs } = startTimer({
      schedule: "0 0 0 1 1 *",
      runOnStartup: true,
    });
    expect(runs.map(({ timer }) => timer.IsPastDue)).toEqual([false]);
  });

  it("catches up, past due, on what was missed while the host was down", () => {
    const store = createMemoryStore();
    const schedule = "0 0 * * * *";
    startTimer({ schedule }, { store });
    expect(store.entries["tick"]?.next).toBe(start + 60 * minute);
    const later = startTimer({ schedule }, { store, now: start + 61 * minute });
    expect(later.runs.map(({ timer }) => timer.IsPastDue)).toEqual([true]);
  });

  it.each([
    ["the schedule changed", { schedule: "0 30 * * * *" }],
    ["it is not monitored", { schedule: "0 0 * * * *", useMonitor: false }],
  ])("does not catch up when %s", (_, binding) => {
    const store = createMemoryStore();
    startTimer({ schedule: "0 0 * * * *" }, { store });
    const { runs } = startTimer(binding, { store, now: start + 61 * minute });
    expect(runs).toEqual([]);
  });

  it.each([
    ["of less than a minute", { schedule: "*/10 * * * * *" }],
    ["without useMonitor", { schedule: "0 * * * * *", useMonitor: false }],
  ])("does not watch a schedule %s, which has no status then", (_, binding) => {
    const store = createMemoryStore();
    const { clock, runs } = startTimer(binding, { store });
    clock.advanceTo(start + minute);
    expect(store.entries).toEqual({});
    expect(runs.map(({ timer }) => timer.ScheduleStatus)).toEqual([null]);
  });

  it("waits for its run when it is stopped; one that ends then is not caught up on", async () => {
    const store = createMemoryStore();
    const schedule = "0 0 * * * *";
    const { trigger, clock, finish } = startTimer({ schedule }, { store });
    clock.advanceTo(start + 60 * minute);
    let isStopped = false;
    const stopping = trigger.stop().then(() => (isStopped = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(isStopped).toBe(false);
    await finish();
    await stopping;
    const later = startTimer({ schedule }, { store, now: start + 61 * minute });
    expect(later.runs).toEqual([]);
  });

  it("runs again at the next start what was cut off by the stop", async () => {
    const store = createMemoryStore();
    const schedule = "0 0 * * * *";
    const { trigger, clock, finish } = startTimer({ schedule }, { store });
    clock.advanceTo(start + 60 * minute);
    const stopping = trigger.stop();
    await finish({ kind: "lost" });
    await stopping;
    const later = startTimer({ schedule }, { store, now: start + 61 * minute });
    expect(later.runs.map(({ timer }) => timer.IsPastDue)).toEqual([true]);
  });

  it("starts nothing after it was stopped", async () => {
    const { trigger, clock, runs, finish } = startTimer({
      schedule: "0 * * * * *",
    });
    clock.advanceTo(start + minute);
    const stopping = trigger.stop();
    await finish();
    await stopping;
    clock.advanceTo(start + 10 * minute);
    expect(runs).toHaveLength(1);
  });

  it("takes its schedule from an app setting", () => {
    const settings = { EVERY: "0 */2 * * * *" };
    const { clock } = startTimer({ schedule: "%EVERY%" }, { settings });
    expect(clock.nextAt()).toBe(start + 2 * minute);
    expect(() => startTimer({ schedule: "%NEVER%" })).toThrow('"NEVER"');
  });

  it("refuses a schedule that is malformed or never comes", () => {
    expect(() => startTimer({ schedule: "x" })).toThrow("malformed");
    expect(() => startTimer({ schedule: "0 0 0 31 2 *" })).toThrow(
      "never comes",
    );
  });
});

describe("a timer with a retry policy", () => {
  const retryOptions = {
    maxRetryCount: -1,
    retryStrategy: "fixedDelay",
    delayInterval: { seconds: 30 },
  };
  const failed: InvocationOutcome = { kind: "timeout" };

  it("waits for the next try on the host's clock", async () => {
    const { clock, runs, finish } = startTimer(
      { schedule: "0 0 * * * *" },
      { retryOptions },
    );
    clock.advanceTo(start + 60 * minute);
    await finish(failed);
    expect(clock.nextAt()).toBe(start + 60.5 * minute);
    clock.advanceTo(start + 60.5 * minute);
    await new Promise((resolve) => setImmediate(resolve));
    await finish();
    expect(runs.map(({ at }) => at - start)).toEqual([
      60 * minute,
      60.5 * minute,
    ]);
    expect(clock.nextAt()).toBe(start + 120 * minute);
  });

  it("tries no more once it is stopped, and runs again at the next start", async () => {
    const store = createMemoryStore();
    const schedule = "0 0 * * * *";
    const { trigger, clock, runs, finish } = startTimer(
      { schedule },
      { store, retryOptions },
    );
    clock.advanceTo(start + 60 * minute);
    await finish(failed);
    await trigger.stop();
    clock.advanceTo(start + 70 * minute);
    expect(runs).toHaveLength(1);
    const later = startTimer({ schedule }, { store, now: start + 71 * minute });
    expect(later.runs.map(({ timer }) => timer.IsPastDue)).toEqual([true]);
  });
});

describe("retryDelayMs", () => {
  it("is fixed, or doubles up to the longest", () => {
    const fixed = {
      maxRetryCount: 3,
      retryStrategy: "fixedDelay",
      delayInterval: { seconds: 4 },
    };
    expect([0, 1, 2].map((count) => retryDelayMs(fixed, count))).toEqual([
      4000, 4000, 4000,
    ]);
    const growing = {
      maxRetryCount: 5,
      retryStrategy: "exponentialBackoff",
      minimumInterval: { seconds: 2 },
      maximumInterval: { seconds: 5 },
    };
    expect([0, 1, 2].map((count) => retryDelayMs(growing, count))).toEqual([
      2000, 4000, 5000,
    ]);
  });
});
