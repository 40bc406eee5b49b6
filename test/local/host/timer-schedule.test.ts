import { describe, expect, it } from "vitest";
import { parseTimerSchedule } from "../../../local/host/triggers/timer-schedule.ts";

/** The occurrences after an instant, one from the other. */
function occurrences(
  text: string,
  timeZone: string | undefined,
  { after, count }: { readonly after: string; readonly count: number },
): string[] {
  const schedule = parseTimerSchedule(text, timeZone);
  const found: string[] = [];
  let instant = Date.parse(after);
  while (found.length < count) {
    instant = schedule.next(instant);
    found.push(new Date(instant).toISOString().replace(":00.000Z", "Z"));
  }
  return found;
}

describe("a calendar on the clock of a time zone", () => {
  it("follows the clock on the wall through the year", () => {
    expect(
      occurrences("0 0 9 1 1,7 *", "Europe/Berlin", {
        after: "2026-01-01T00:00Z",
        count: 2,
      }),
    ).toEqual(["2026-01-01T08:00Z", "2026-07-01T07:00Z"]);
    expect(
      occurrences("0 30 9 * * *", "Asia/Kolkata", {
        after: "2026-01-01T04:00Z",
        count: 2,
      }),
    ).toEqual(["2026-01-02T04:00Z", "2026-01-03T04:00Z"]);
  });

  it("runs once, an hour later by the new clock, for a time that is skipped", () => {
    expect(
      occurrences("0 30 2 * * *", "Europe/Berlin", {
        after: "2026-03-28T12:00Z",
        count: 2,
      }),
    ).toEqual(["2026-03-29T01:30Z", "2026-03-30T00:30Z"]);
  });

  it("runs once, the first time, for a time that comes twice", () => {
    expect(
      occurrences("0 30 2 * * *", "Europe/Berlin", {
        after: "2026-10-24T12:00Z",
        count: 2,
      }),
    ).toEqual(["2026-10-25T00:30Z", "2026-10-26T01:30Z"]);
    // Started between the two, as if it had run the first time.
    expect(
      occurrences("0 30 2 * * *", "Europe/Berlin", {
        after: "2026-10-25T01:10Z",
        count: 1,
      }),
    ).toEqual(["2026-10-26T01:30Z"]);
  });

  it.each([
    [
      "0 */30 * * * *",
      ["00:30Z", "01:00Z", "01:30Z", "02:00Z", "02:30Z"],
      "2026-10-25T00:00Z",
    ],
    ["0 0 * * * *", ["00:00Z", "01:00Z", "02:00Z"], "2026-10-24T23:30Z"],
  ])("%s goes on through an hour that comes twice", (text, times, after) => {
    expect(
      occurrences(text, "Europe/Berlin", { after, count: times.length }),
    ).toEqual(times.map((time) => `2026-10-25T${time}`));
  });

  it("goes on through both changes, never back", () => {
    for (const after of ["2026-03-28T20:00Z", "2026-10-24T20:00Z"]) {
      const found = occurrences("0 */20 * * * *", "America/New_York", {
        after,
        count: 60,
      });
      // 20 minutes each, whatever the clock on the wall does.
      expect(Date.parse(found[59] ?? "") - Date.parse(found[0] ?? "")).toBe(
        59 * 20 * 60_000,
      );
      expect(found.toSorted()).toEqual(found);
      expect(new Set(found).size).toBe(60);
    }
  });

  it("is UTC without one", () => {
    expect(
      occurrences("0 9 * * *", undefined, {
        after: "2026-07-01T10:00Z",
        count: 1,
      }),
    ).toEqual(["2026-07-02T09:00Z"]);
  });
});

describe("a time span", () => {
  it.each([
    ["00:10:00", "2026-01-01T00:10Z"],
    ["01:30", "2026-01-01T01:30Z"],
    ["1.00:00:00", "2026-01-02T00:00Z"],
    ["24:00:00", "2026-01-25T00:00Z"],
    ["30:12:00", "2026-01-31T12:00Z"],
  ])("%s is that long from one run to the next", (text, next) => {
    const after = "2026-01-01T00:00Z";
    expect(occurrences(text, "Europe/Berlin", { after, count: 1 })).toEqual([
      next,
    ]);
    expect(parseTimerSchedule(text, undefined).adjustsForDst).toBe(false);
  });

  it.each(["00:00:00", "24:00", "30:24:00", "-1", "soon"])(
    "%s is refused",
    (text) => {
      expect(() => parseTimerSchedule(text, undefined)).toThrow(RangeError);
    },
  );
});
