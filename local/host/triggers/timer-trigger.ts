import type { Clock } from "../../durable/clock.ts";
import type { CatalogedFunction } from "../function-catalogue.ts";
import { HostStartError } from "../host-start-error.ts";
import type { HostLog } from "../host-log.ts";
import type { Invoker } from "../invoker.ts";
import { resolveSetting } from "../resolve-setting.ts";
import type { Settings } from "../resolve-setting.ts";
import { readText } from "../read-text.ts";
import type { TypedData } from "../typed-data.ts";
import { invokeWithRetry } from "./invoke-with-retry.ts";
import { parseTimerSchedule } from "./timer-schedule.ts";
import type { TimerSchedule } from "./timer-schedule.ts";
import type { TimerStore } from "./timer-store.ts";
import type { Trigger } from "./trigger.ts";

export interface TimerTriggerDeps {
  readonly invoker: Invoker;
  readonly store: TimerStore;
  readonly clock: Clock;
  readonly settings: Settings;
  readonly log: HostLog;
}

/**
 * Azure does not monitor schedules that fire more often than this; their missed runs are not worth catching up.
 */
const shortestMonitoredMs = 60_000;

/**
 * Runs a timer function on its schedule. The next occurrence is taken after the function has ended, so that it never
 * overlaps itself; one that was missed while the host was down runs at the start, past due.
 *
 * @throws HostStartError when the schedule is malformed or names a day that never comes.
 */
export function createTimerTrigger(
  called: CatalogedFunction,
  deps: TimerTriggerDeps,
): Trigger {
  const { invoker, store, clock, log } = deps;
  const { text, schedule } = readSchedule(called, deps.settings);
  const isMonitored =
    called.trigger["useMonitor"] !== false && isSlow(schedule, clock.now());
  const status = isMonitored ? store.read(called.name) : undefined;
  const known = status?.schedule === text ? status : undefined;
  let last = known?.last ?? 0;
  let isStopped = false;
  let cancel = (): void => undefined;

  const run = async (due: number, isPastDue: boolean): Promise<void> => {
    const startedAt = clock.now();
    const next = schedule.next(Math.max(startedAt, due));
    await invokeWithRetry(invoker, {
      called,
      data: toTimerInfo({ schedule, last, next, startedAt, isPastDue }),
    });
    last = startedAt;
    arm(Math.max(clock.now(), due));
  };

  const save = (next: number): void => {
    if (isMonitored)
      store.write(called.name, {
        schedule: text,
        last,
        next,
        lastUpdated: clock.now(),
      });
  };

  const arm = (after: number): void => {
    if (isStopped) return;
    const next = schedule.next(after);
    save(next);
    // A run that came twice leaves one timer, not two.
    cancel();
    cancel = clock.setTimer(next, () => void run(next, false));
  };

  return {
    functionName: called.name,
    start() {
      const now = clock.now();
      if (known !== undefined && known.next <= now) {
        log("information", "timer-past-due", { functionName: called.name });
        void run(now, true);
      } else if (called.trigger["runOnStartup"] === true) {
        void run(now, false);
      } else {
        arm(now);
      }
    },
    async runNow() {
      const startedAt = clock.now();
      const next = schedule.next(startedAt);
      await invokeWithRetry(invoker, {
        called,
        data: toTimerInfo({
          schedule,
          last,
          next,
          startedAt,
          isPastDue: false,
        }),
      });
    },
    stop() {
      isStopped = true;
      cancel();
      return Promise.resolve();
    },
  };
}

function readSchedule(
  called: CatalogedFunction,
  settings: Settings,
): { readonly text: string; readonly schedule: TimerSchedule } {
  const usedBy = `The schedule of function "${called.name}"`;
  const text = resolveSetting(
    readText(called.trigger, "schedule") ?? "",
    settings,
    usedBy,
  );
  let schedule: TimerSchedule;
  try {
    schedule = parseTimerSchedule(text, settings["WEBSITE_TIME_ZONE"]);
  } catch (error) {
    throw new HostStartError(
      `${usedBy} is malformed: ${(error as Error).message}.`,
    );
  }
  if (!Number.isFinite(schedule.next(Date.now())))
    throw new HostStartError(
      `${usedBy} ("${text}") names a day that never comes.`,
    );
  return { text, schedule };
}

/** True when the schedule's next few occurrences each leave at least a minute. */
function isSlow(schedule: TimerSchedule, now: number): boolean {
  let previous = schedule.next(now);
  for (let count = 0; count < 5; count += 1) {
    const next = schedule.next(previous);
    if (next - previous < shortestMonitoredMs) return false;
    previous = next;
  }
  return true;
}

/** What the function is told, in the extension's own casing. */
function toTimerInfo(run: {
  readonly schedule: TimerSchedule;
  readonly last: number;
  readonly next: number;
  readonly startedAt: number;
  readonly isPastDue: boolean;
}): TypedData {
  return {
    json: JSON.stringify({
      Schedule: { AdjustForDST: run.schedule.adjustsForDst },
      ScheduleStatus: {
        Last: toIso(run.last),
        Next: toIso(run.next),
        LastUpdated: toIso(run.startedAt),
      },
      IsPastDue: run.isPastDue,
    }),
  };
}

function toIso(ms: number): string {
  return ms === 0 || !Number.isFinite(ms)
    ? "0001-01-01T00:00:00"
    : new Date(ms).toISOString();
}
