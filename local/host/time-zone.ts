/** Wall clocks are told as the milliseconds that UTC would have at that time of day. */
export interface TimeZone {
  /** The wall clock at an instant (milliseconds since the epoch). */
  toWall(instant: number): number;
  /**
   * The instant of a wall clock. As .NET has it, a time that comes twice means the second one (standard time), and one
   * that is skipped is told by the clock before the change.
   */
  toInstant(wall: number): number;
}

const dayMs = 86_400_000;

/** @throws RangeError for a name that is not in the tz database. */
export function createTimeZone(name: string): TimeZone {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: name,
    hourCycle: "h23",
    era: "short",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  const toWall = (instant: number): number => {
    const parts = new Map(
      format.formatToParts(instant).map(({ type, value }) => [type, value]),
    );
    const [year = 0, month = 1, day, hour, minute, second] = [
      "year",
      "month",
      "day",
      "hour",
      "minute",
      "second",
    ].map((type) => Number(parts.get(type as Intl.DateTimeFormatPartTypes)));
    return Date.UTC(year, month - 1, day, hour, minute, second);
  };
  const offsetAt = (instant: number): number =>
    toWall(instant) - Math.floor(instant / 1000) * 1000;

  return {
    toWall,
    toInstant(wall) {
      const before = wall - offsetAt(wall - dayMs);
      const after = wall - offsetAt(wall + dayMs);
      const fitting = [before, after].filter(
        (instant) => toWall(instant) === Math.floor(wall / 1000) * 1000,
      );
      return fitting.length === 0 ? before : Math.max(...fitting);
    },
  };
}
