import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextOccurrence, parseNcrontab } from "../../../local/host/ncrontab.ts";

const next = (expression: string, after: string): string | undefined =>
  nextOccurrence(expression, new Date(after))?.toISOString();

describe("nextOccurrence", () => {
  it.each([
    ["*/2 * * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:00:02.000Z"],
    ["0 */5 * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:05:00.000Z"],
    ["*/5 * * * *", "2026-01-01T00:01:30Z", "2026-01-01T00:05:00.000Z"],
    ["0 0 * * * *", "2026-01-01T23:10:00Z", "2026-01-02T00:00:00.000Z"],
    ["0 30 9 * * 1-5", "2026-01-02T10:00:00Z", "2026-01-05T09:30:00.000Z"],
    ["0 30 9 * * Mon-Fri", "2026-01-02T10:00:00Z", "2026-01-05T09:30:00.000Z"],
    [
      "0 30 9 * Jan,JUL Monday",
      "2026-02-01T00:00:00Z",
      "2026-07-06T09:30:00.000Z",
    ],
    [
      "0 0 9 * Sept Tues,Thurs",
      "2026-01-01T00:00:00Z",
      "2026-09-01T09:00:00.000Z",
    ],
    ["0 0 0 1 * *", "2026-12-31T23:59:59Z", "2027-01-01T00:00:00.000Z"],
    ["0 0 0 31 * *", "2026-02-01T00:00:00Z", "2026-03-31T00:00:00.000Z"],
    ["0 0 0 29 2 *", "2026-03-01T00:00:00Z", "2028-02-29T00:00:00.000Z"],
    ["0 0 0 29 2 Mon", "2026-01-01T00:00:00Z", "2044-02-29T00:00:00.000Z"],
    ["10/20 * * * * *", "2026-01-01T00:00:10Z", "2026-01-01T00:00:30.000Z"],
    ["0 10-20/5 * * * *", "2026-01-01T00:15:00Z", "2026-01-01T00:20:00.000Z"],
    ["0 20-10/5 * * * *", "2026-01-01T00:15:00Z", "2026-01-01T00:20:00.000Z"],
    ["59 59 23 31 12 *", "2026-12-31T23:59:59Z", "2027-12-31T23:59:59.000Z"],
  ])("%s after %s is %s", (expression, after, expected) => {
    expect(next(expression, after)).toBe(expected);
  });

  it("takes both day fields together, as NCRONTAB does", () => {
    expect(next("0 0 0 13 * Fri", "2026-01-01T00:00:00Z")).toBe(
      "2026-02-13T00:00:00.000Z",
    );
  });

  it("is strictly after its argument, also within a second", () => {
    expect(next("* * * * * *", "2026-01-01T00:00:00.999Z")).toBe(
      "2026-01-01T00:00:01.000Z",
    );
  });

  it("answers undefined for a day that never comes", () => {
    expect(next("0 0 0 30 2 *", "2026-01-01T00:00:00Z")).toBeUndefined();
  });

  it("agrees with a search second by second", () => {
    const field = (max: number): fc.Arbitrary<string> =>
      fc.oneof(
        fc.constant("*"),
        fc.integer({ min: 0, max }).map(String),
        fc.integer({ min: 1, max }).map((step) => `*/${step}`),
        fc
          .tuple(fc.integer({ min: 0, max }), fc.integer({ min: 0, max }))
          .map(([a, b]) => `${a}-${b}`),
      );
    fc.assert(
      fc.property(
        fc.tuple(field(59), field(59)),
        fc.integer({ min: 0, max: 3600 }),
        ([seconds, minutes], offset) => {
          const schedule = parseNcrontab(`${seconds} ${minutes} * * * *`);
          const after = new Date(Date.UTC(2026, 5, 1) + offset * 1000);
          let expected = after.getTime() + 1000;
          for (; ; expected += 1000) {
            const date = new Date(expected);
            if (
              schedule.seconds.includes(date.getUTCSeconds()) &&
              schedule.minutes.includes(date.getUTCMinutes())
            )
              break;
          }
          expect(nextOccurrence(schedule, after)?.getTime()).toBe(expected);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe("parseNcrontab", () => {
  it.each([
    ["* * * *", "6 fields"],
    ["60 * * * * *", "second"],
    ["* * 24 * * *", "hour"],
    ["* * * 0 * *", "day"],
    ["* * * * 13 *", "month"],
    ["* * * * * 7", "day of week"],
    ["*/0 * * * * *", "second"],
    ["a * * * * *", "second"],
    ["* * * * Septa *", "month"],
    ["1,,2 * * * * *", "second"],
    ["? * * * * *", "second"],
  ])("refuses %s and names the %s", (expression, named) => {
    expect(() => parseNcrontab(expression)).toThrow(named);
  });
});
