/** Milliseconds of a .NET time span (`hh:mm`, `hh:mm:ss`, `d.hh:mm:ss`, fractions allowed); "-1" is Infinity. */
export function parseTimeSpanMs(text: string): number | undefined {
  if (text === "-1") return Number.POSITIVE_INFINITY;
  const match =
    /^(?:(\d+)\.)?(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d{1,7})?))?$/.exec(text);
  if (match === null) return undefined;
  const [, days = "0", hours, minutes, seconds = "0"] = match;
  const parts = [hours, minutes, seconds].map(Number);
  const [h = 0, m = 0, s = 0] = parts;
  if (h > 23 || m > 59 || s >= 60) return undefined;
  return ((Number(days) * 24 + h) * 60 + m) * 60_000 + Math.round(s * 1000);
}

/** The same as `hh:mm:ss` (`d.hh:mm:ss` from a day on); "-1" for Infinity. */
export function toTimeSpan(ms: number): string {
  if (!Number.isFinite(ms)) return "-1";
  const seconds = Math.floor(ms / 1000);
  const days = Math.floor(seconds / 86_400);
  const parts = [(seconds / 3600) % 24, (seconds / 60) % 60, seconds % 60];
  const time = parts
    .map((part) => String(Math.floor(part)).padStart(2, "0"))
    .join(":");
  return days === 0 ? time : `${days}.${time}`;
}
