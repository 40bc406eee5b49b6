/**
 * Milliseconds to wait, of a `Retry-After` header (seconds or an HTTP date); undefined when it is absent or neither.
 * Never negative; the caller bounds it.
 */
export function parseRetryAfter(
  header: string | undefined,
  nowMs: number,
): number | undefined {
  const value = header?.trim();
  if (value === undefined || value === "") return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  // Only dates have letters: Date.parse alone would take "-5" or "1.5" for a year.
  const at = /[a-z]/i.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}
