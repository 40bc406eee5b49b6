/**
 * NCRONTAB, the schedule language of timer triggers: `{second} {minute} {hour} {day} {month} {day of week}`, or five
 * fields (then the second is 0). A day must match both the day and the day-of-week field. Times are read as UTC; another
 * clock is the caller's to convert.
 */
export interface Schedule {
  readonly seconds: readonly number[];
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly weekdays: ReadonlySet<number>;
}

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly words?: readonly string[];
}

const monthWords =
  "january february march april may june july august september october november december".split(
    " ",
  );
const weekdayWords =
  "sunday monday tuesday wednesday thursday friday saturday".split(" ");

const fields = [
  { name: "second", min: 0, max: 59 },
  { name: "minute", min: 0, max: 59 },
  { name: "hour", min: 0, max: 23 },
  { name: "day", min: 1, max: 31 },
  { name: "month", min: 1, max: 12, words: monthWords },
  { name: "day of week", min: 0, max: 6, words: weekdayWords },
] as const satisfies readonly Field[];

/** Days of week and leap years repeat every 28 years, and after 40 even across a century without a leap day. */
const horizonYears = 40;

/** @throws RangeError that names the field it does not understand. */
export function parseNcrontab(expression: string): Schedule {
  const parts = expression.trim().split(/\s+/);
  if (parts.length === 5) parts.unshift("0");
  if (parts.length !== 6)
    throw new RangeError(
      `"${expression}" is not an NCRONTAB expression: it needs 6 fields (or 5 without seconds)`,
    );
  const [seconds, minutes, hours, days, months, weekdays] = fields.map(
    (field, index) => parseField(parts[index] ?? "", field),
  ) as [number[], number[], number[], number[], number[], number[]];
  return {
    seconds,
    minutes,
    hours,
    days: new Set(days),
    months: new Set(months),
    weekdays: new Set(weekdays),
  };
}

/**
 * The first occurrence strictly after `after`, in UTC; undefined when the schedule names a day that never comes.
 *
 * @throws RangeError when `schedule` is text that is not an NCRONTAB expression.
 */
export function nextOccurrence(
  schedule: string | Schedule,
  after: Date,
): Date | undefined {
  const parsed =
    typeof schedule === "string" ? parseNcrontab(schedule) : schedule;
  const first = new Date(Math.floor(after.getTime() / 1000) * 1000 + 1000);
  const lastYear = first.getUTCFullYear() + horizonYears;
  const day = startOfDay(first);
  let time = timeAtOrAfter(parsed, secondOfDay(first));
  while (day.getUTCFullYear() <= lastYear) {
    if (!parsed.months.has(day.getUTCMonth() + 1)) {
      day.setUTCMonth(day.getUTCMonth() + 1, 1);
    } else if (time !== undefined && isDue(parsed, day)) {
      return new Date(day.getTime() + time * 1000);
    } else {
      day.setUTCDate(day.getUTCDate() + 1);
    }
    time = timeAtOrAfter(parsed, 0);
  }
  return undefined;
}

function isDue(schedule: Schedule, day: Date): boolean {
  return (
    schedule.days.has(day.getUTCDate()) &&
    schedule.weekdays.has(day.getUTCDay())
  );
}

/** The first scheduled second of a day that is not before `second`. */
function timeAtOrAfter(
  { hours, minutes, seconds }: Schedule,
  second: number,
): number | undefined {
  for (const hour of hours) {
    if (hour * 3600 + 3599 < second) continue;
    for (const minute of minutes) {
      const start = hour * 3600 + minute * 60;
      if (start + 59 < second) continue;
      const found = seconds.find((value) => start + value >= second);
      if (found !== undefined) return start + found;
    }
  }
  return undefined;
}

function startOfDay(date: Date): Date {
  const day = new Date(date);
  day.setUTCHours(0, 0, 0, 0);
  return day;
}

function secondOfDay(date: Date): number {
  return (
    date.getUTCHours() * 3600 + date.getUTCMinutes() * 60 + date.getUTCSeconds()
  );
}

function parseField(text: string, field: Field): number[] {
  const values = new Set<number>();
  for (const item of text.split(",")) addItem(values, item, field);
  return [...values].toSorted((a, b) => a - b);
}

/** `*`, `a`, `a-b`, each with an optional `/step`; `a/step` runs from a to the field's end. */
function addItem(values: Set<number>, item: string, field: Field): void {
  const match = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(item);
  const step = match?.[4] === undefined ? undefined : Number(match[4]);
  if (match === null || step === 0) throw malformed(item, field);
  const [, all, from, to] = match;
  let first = all === undefined ? parseValue(from ?? "", field) : field.min;
  let last = first;
  if (to !== undefined) last = parseValue(to, field);
  else if (all !== undefined || step !== undefined) last = field.max;
  if (first > last) [first, last] = [last, first];
  for (let value = first; value <= last; value += step ?? 1) values.add(value);
}

function parseValue(text: string, field: Field): number {
  const word = text.toLowerCase();
  // As NCrontab has it, a name may be cut anywhere: Tue, Tues, Tuesday.
  const index = field.words?.findIndex((name) => name.startsWith(word)) ?? -1;
  const value = index >= 0 ? index + field.min : Number(text);
  if (!Number.isInteger(value) || value < field.min || value > field.max)
    throw malformed(text, field);
  return value;
}

function malformed(item: string, field: Field): RangeError {
  return new RangeError(
    `"${item}" is not a ${field.name} (${field.min}-${field.max}) of an NCRONTAB expression`,
  );
}
