import { nextOccurrence, parseNcrontab } from "../ncrontab.ts";
import { parseTimeSpanMs } from "../time-span.ts";
import { createTimeZone } from "../time-zone.ts";

/** When a timer trigger is due. Instants are milliseconds since the epoch. */
export interface TimerSchedule {
  /** The first occurrence strictly after `instant`; Infinity when there is none. */
  next(instant: number): number;
  /** Whether it follows the clock on the wall (a calendar does, an interval does not). */
  readonly adjustsForDst: boolean;
}

/**
 * An NCRONTAB expression on the clock of a time zone, or a time span: that long from one run to the next.
 *
 * @throws RangeError that says what is not understood.
 */
export function parseTimerSchedule(
  text: string,
  timeZone: string | undefined,
): TimerSchedule {
  const interval = text.includes(":") ? parseTimeSpanMs(text) : undefined;
  if (interval !== undefined) {
    if (interval <= 0) throw new RangeError("a time span must not be zero");
    return { next: (instant) => instant + interval, adjustsForDst: false };
  }
  const calendar = parseNcrontab(text);
  const zone = createTimeZone(timeZone ?? "UTC");
  return {
    next(instant) {
      const wall = nextOccurrence(calendar, new Date(zone.toWall(instant)));
      return wall === undefined
        ? Number.POSITIVE_INFINITY
        : zone.toInstant(wall.getTime());
    },
    adjustsForDst: true,
  };
}
