import { expect, test } from "vitest";
import { parseRetryAfter } from "../../../shared/egress/retry-after.ts";

const nowMs = Date.UTC(2026, 0, 1, 12, 0, 0);

test.each([
  ["0", 0],
  ["120", 120_000],
  [" 7 ", 7000],
  ["Thu, 01 Jan 2026 12:00:30 GMT", 30_000],
  ["Thu, 01 Jan 2026 11:00:00 GMT", 0],
  ["-5", undefined],
  ["1.5", undefined],
  ["soon", undefined],
  ["", undefined],
  [undefined, undefined],
])("Retry-After %j means %j milliseconds", (header, expected) => {
  expect(parseRetryAfter(header, nowMs)).toBe(expected);
});
