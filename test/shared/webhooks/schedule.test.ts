import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Settings } from "../../../shared/kernel/settings.ts";
import {
  nextAttempt,
  parseWebhookSchedule,
  type WebhookSchedule,
} from "../../../shared/webhooks/schedule.ts";

const standard = parseWebhookSchedule(
  Settings.shape.WEBHOOK_SCHEDULE.parse(undefined),
);
const never = (): number => 0;
const most = (): number => 1 - Number.EPSILON;

function delays(
  schedule: WebhookSchedule,
  random: () => number,
  retryAfterMs?: number,
): number[] {
  const found: number[] = [];
  for (;;) {
    const next = nextAttempt({
      attempt: found.length,
      schedule,
      random,
      retryAfterMs,
    });
    if (next.kind === "dead") return found;
    found.push(next.delayMs);
  }
}

test("the default is the schedule of the specification: ten attempts over 75 h 35 min 5 s", () => {
  const found = delays(standard, never);
  expect(found).toHaveLength(10);
  expect(found.map((ms) => ms / 1000)).toEqual(standard);
  const total = standard.reduce((sum, seconds) => sum + seconds, 0);
  expect(total).toBe(75 * 3600 + 35 * 60 + 5);
});

test("even stretched by jitter and Retry-After, the default ends while the result is kept (96 h)", () => {
  const total = delays(standard, most, Infinity).reduce((a, b) => a + b, 0);
  expect(total).toBeLessThan(96 * 3600 * 1000);
});

test("jitter only puts off, by a fifth at most; what is due at once is due at once", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (random) => {
        for (const [index, delayMs] of delays(
          standard,
          () => random,
        ).entries()) {
          const plainMs = (standard[index] ?? 0) * 1000;
          expect(delayMs).toBeGreaterThanOrEqual(plainMs);
          expect(delayMs).toBeLessThanOrEqual(plainMs * 1.2);
        }
      },
    ),
  );
});

test.each([
  [undefined, 5000],
  [1000, 5000],
  [60_000, 60_000],
  [3_600_000, 3_600_000],
  [86_400_000, 3_600_000],
])(
  "Retry-After of %j ms makes the 5 s before the second attempt %i ms",
  (retryAfterMs, delayMs) => {
    expect(
      nextAttempt({
        attempt: 1,
        schedule: standard,
        retryAfterMs,
        random: never,
      }),
    ).toEqual({ kind: "scheduled", delayMs });
  },
);

test("an own schedule counts the first attempt; after the last comes nothing", () => {
  const schedule = parseWebhookSchedule("0, 5,300");
  expect(schedule).toEqual([0, 5, 300]);
  expect(delays(schedule, never)).toEqual([0, 5000, 300_000]);
  expect(
    nextAttempt({ attempt: 3, schedule, retryAfterMs: 5000, random: never }),
  ).toEqual({ kind: "dead" });
});

test.each(["", "0,", "0,,5", "-1", "1.5", "5s", "0,604801", "1e3"])(
  "%j is no schedule",
  (text) => {
    expect(() => parseWebhookSchedule(text)).toThrow(RangeError);
  },
);

test("more than twenty attempts are no schedule", () => {
  const entries = (count: number): string => Array(count).fill("1").join(",");
  expect(parseWebhookSchedule(entries(20))).toHaveLength(20);
  expect(() => parseWebhookSchedule(entries(21))).toThrow(RangeError);
});
