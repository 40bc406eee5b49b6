/** A number of milliseconds, or a number with its unit: `"90d"`, `"1.5h"`, `"30m"`, `"10s"`, `"250ms"`. */
export type Duration = number | `${number}${keyof typeof units}`;

const units = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
} as const;

/** @throws RangeError for anything but a duration. */
export function toMilliseconds(duration: Duration): number {
  const found = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(
    typeof duration === "number" ? `${duration}ms` : duration,
  );
  const unit = found?.[2] as keyof typeof units | undefined;
  if (unit === undefined)
    throw new RangeError(`"${duration}" is no duration such as "90d".`);
  return Number(found?.[1]) * units[unit];
}
