import type { Clock } from "../../durable/clock.ts";
import type { CatalogedFunction } from "../function-catalogue.ts";
import { HostStartError } from "../host-start-error.ts";
import type { HostLog } from "../host-log.ts";
import type { Invoker } from "../invoker.ts";
import type { InvocationOutcome } from "../open-invocations.ts";
import { resolveSetting } from "../resolve-setting.ts";
import type { Settings } from "../resolve-setting.ts";
import { readText } from "../read-text.ts";
import type { TypedData } from "../typed-data.ts";
import { invokeWithRetry } from "./invoke-with-retry.ts";
import { parseTimerSchedule } from "./timer-schedule.ts";
import type { TimerSchedule } from "./timer-schedule.ts";
import type { TimerStatus, TimerStore } from "./timer-store.ts";
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
 * Runs a timer function on its schedule, never two runs at a time: occurrences that pass during a run are made up for by
 * one run right behind it, as on Azure. One that was missed while the host was down runs at the start, past due.
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
  const stored = isMonitored ? store.read(called.name) : undefined;
  const known = stored?.schedule === text ? stored : undefined;
  const stopping = new AbortController();
  const underWay = new Set<Promise<unknown>>();
  let status: TimerStatus = known ?? {
    schedule: text,
    last: 0,
    next: schedule.next(clock.now()),
    lastUpdated: 0,
  };
  let cancel = (): void => undefined;

  /** The function is told how things were before this run: its next occurrence is the one that has come. */
  const invoke = (isPastDue: boolean): Promise<InvocationOutcome> => {
    const running = invokeWithRetry(
      { invoker, clock, stopping: stopping.signal },
      {
        called,
        data: toTimerInfo(
          schedule,
          isMonitored ? status : undefined,
          isPastDue,
        ),
      },
    );
    underWay.add(running);
    return running.finally(() => underWay.delete(running));
  };

  const run = async (due: number, isPastDue: boolean): Promise<void> => {
    const ran = Math.max(clock.now(), due);
    const { kind } = await invoke(isPastDue);
    // What was cut off runs again at the next start.
    if (kind === "lost" && stopping.signal.aborted) return;
    setStatus({
      schedule: text,
      last: ran,
      next: schedule.next(ran),
      lastUpdated: ran,
    });
    arm();
  };

  const setStatus = (changed: TimerStatus): void => {
    status = changed;
    if (isMonitored) store.write(called.name, status);
  };

  const arm = (): void => {
    if (stopping.signal.aborted) return;
    // A run that came twice leaves one timer, not two.
    cancel();
    const { next } = status;
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
        // An interval goes on from where it was; a calendar's clock may be another one by now.
        const isKept = known !== undefined && !schedule.adjustsForDst;
        const next = isKept ? known.next : schedule.next(now);
        setStatus({ ...status, next, lastUpdated: now });
        arm();
      }
    },
    async runNow() {
      await invoke(false);
    },
    async stop() {
      stopping.abort();
      cancel();
      await Promise.allSettled(underWay);
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
function toTimerInfo(
  schedule: TimerSchedule,
  status: TimerStatus | undefined,
  isPastDue: boolean,
): TypedData {
  return {
    json: JSON.stringify({
      Schedule: { AdjustForDST: schedule.adjustsForDst },
      ScheduleStatus:
        status === undefined
          ? null
          : {
              Last: toIso(status.last),
              Next: toIso(status.next),
              LastUpdated: toIso(status.lastUpdated),
            },
      IsPastDue: isPastDue,
    }),
  };
}

function toIso(ms: number): string {
  return ms === 0 || !Number.isFinite(ms)
    ? "0001-01-01T00:00:00"
    : new Date(ms).toISOString();
}
