import { nextOccurrence, parseNcrontab } from "../ncrontab.ts";
import type { Schedule } from "../ncrontab.ts";
import { parseTimeSpanMs } from "../time-span.ts";
import { createTimeZone } from "../time-zone.ts";
import type { TimeZone } from "../time-zone.ts";

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
  const interval = text.includes(":") ? parseIntervalMs(text) : undefined;
  if (interval !== undefined) {
    if (interval <= 0) throw new RangeError("a time span must not be zero");
    return { next: (instant) => instant + interval, adjustsForDst: false };
  }
  const calendar = parseNcrontab(text);
  const zone = createTimeZone(timeZone ?? "UTC");
  return {
    next: isRepeating(calendar)
      ? (instant) => nextOfRepeating(calendar, zone, instant)
      : (instant) => nextOfPoints(calendar, zone, instant),
    adjustsForDst: true,
  };
}

const dayMs = 86_400_000;

/** As .NET reads a time span, whose hours end at 23: a larger first number of three counts days ("24:00:00" is 24). */
function parseIntervalMs(text: string): number | undefined {
  const [, days = "0", rest = ""] =
    /^(\d+):(\d{1,2}:\d{2})(?::00)?$/.exec(text) ?? [];
  const isInDays = Number(days) > 23 && text.split(":").length === 3;
  const ms = parseTimeSpanMs(isInDays ? rest : text);
  return isInDays && ms !== undefined ? Number(days) * dayMs + ms : ms;
}

/**
 * Where the clock is set back, a calendar that repeats (two seconds, minutes or hours of it follow each other, as in
 * every "*") goes on through the hour that comes twice; one that names points in time has them once, the first time.
 */
function isRepeating({ seconds, minutes, hours }: Schedule): boolean {
  return [seconds, minutes, hours].some((values) =>
    values.some((value, index) => values[index + 1] === value + 1),
  );
}

function nextOfPoints(
  calendar: Schedule,
  zone: TimeZone,
  instant: number,
): number {
  let wall = zone.toWall(instant);
  for (;;) {
    const next = nextOccurrence(calendar, new Date(wall));
    if (next === undefined) return Number.POSITIVE_INFINITY;
    wall = next.getTime();
    const first = toFirstInstant(zone, wall);
    if (first > instant) return first;
  }
}

function nextOfRepeating(
  calendar: Schedule,
  zone: TimeZone,
  instant: number,
): number {
  const wall = zone.toWall(instant);
  const next = nextOccurrence(calendar, new Date(wall));
  if (next === undefined) return Number.POSITIVE_INFINITY;
  const first = toFirstInstant(zone, next.getTime());
  if (first <= instant) return zone.toInstant(next.getTime());
  // Before that, the clock may be set back.
  const setBackMs = zone.toInstant(wall) - floor(instant);
  const sooner = first - setBackMs;
  return setBackMs > 0 &&
    sooner > instant &&
    isDueAt(calendar, zone.toWall(sooner))
    ? sooner
    : first;
}

function isDueAt(calendar: Schedule, wall: number): boolean {
  return nextOccurrence(calendar, new Date(wall - 1))?.getTime() === wall;
}

/** The instant of a wall clock; of one that comes twice, the first. */
function toFirstInstant(zone: TimeZone, wall: number): number {
  const last = zone.toInstant(wall);
  const first = wall - (zone.toWall(last - dayMs) - (last - dayMs));
  return zone.toWall(first) === wall ? first : last;
}

function floor(instant: number): number {
  return Math.floor(instant / 1000) * 1000;
}
