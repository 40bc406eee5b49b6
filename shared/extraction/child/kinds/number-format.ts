/** How cells of one style show their numbers. */
export type NumberFormat = (value: number) => string;

const builtInCodes: Readonly<Record<number, string>> = {
  1: "0",
  2: "0.00",
  3: "#,##0",
  4: "#,##0.00",
  9: "0%",
  10: "0.00%",
  11: "0.00E+00",
  14: "yyyy-mm-dd",
  15: "d-mmm-yy",
  16: "d-mmm",
  17: "mmm-yy",
  18: "h:mm",
  19: "h:mm:ss",
  20: "h:mm",
  21: "h:mm:ss",
  22: "yyyy-mm-dd h:mm",
  37: "#,##0",
  38: "#,##0",
  39: "#,##0.00",
  40: "#,##0.00",
  45: "mm:ss",
  46: "[h]:mm:ss",
  47: "mm:ss",
};

/**
 * The format that a workbook's number format `id` or its own `code` (ECMA-376 part 1, 18.8.31) asks for.
 *
 * Numbers get the decimals, thousands separators, percent sign and literal text of the code; dates become ISO dates
 * whatever their code, so that every reader reads them alike.
 */
export function toNumberFormat(
  id: number,
  code: string | undefined,
  uses1904: boolean,
): NumberFormat {
  const section = (code ?? builtInCodes[id] ?? "General").split(";")[0] ?? "";
  const bare = section.replace(/"[^"]*"|\\.|_.|\*./g, "");
  if (/\[[hms]+\]/i.test(bare)) return toDuration;
  const placeholders = bare.replace(/\[[^\]]*\]/g, "");
  if (/general|@/i.test(placeholders) || placeholders === "") return showNumber;
  if (
    /[ymdhs]/i.test(placeholders) &&
    !/[0#?]/.test(placeholders.replace(/[.,]0+/g, ""))
  ) {
    return (value) => toIsoDate(value, uses1904, placeholders);
  }
  return toDecimalFormat(section, placeholders);
}

/** A number as a spreadsheet shows it without a format: at most 15 significant digits. */
export function showNumber(value: number): string {
  return String(Number(value.toPrecision(15)));
}

function toDecimalFormat(section: string, placeholders: string): NumberFormat {
  if (!/[0#?]/.test(placeholders)) return showNumber;
  // Fractions and exponents are shown as plain numbers.
  if (/[eE][+-]|\//.test(placeholders)) return showNumber;
  const decimals = (/\.([0#?]+)/.exec(placeholders)?.[1] ?? "").length;
  const required = (/\.(0*)/.exec(placeholders)?.[1] ?? "").length;
  const isPercent = placeholders.includes("%");
  const isGrouped = /[0#?],[0#?]/.test(placeholders);
  const thousands = (/[0#?](,+)(?![0#?,])/.exec(placeholders)?.[1] ?? "")
    .length;
  const formatter = new Intl.NumberFormat("en-US", {
    minimumFractionDigits: Math.min(required, 20),
    maximumFractionDigits: Math.min(decimals, 20),
    useGrouping: isGrouped,
  });
  const [prefix, suffix] = toAffixes(section);
  return (value) => {
    const scaled = (isPercent ? value * 100 : value) / 1000 ** thousands;
    const digits = formatter.format(Math.abs(scaled));
    return `${scaled < 0 ? "-" : ""}${prefix}${digits}${suffix}`;
  };
}

/** What a format code shows before and after the digits: a currency, a unit, a percent sign. */
function toAffixes(section: string): readonly [string, string] {
  const literal = section
    .replace(/\[\$([^\]-]*)[^\]]*\]/g, '"$1"')
    .replace(/\[[^\]]*\]|_.|\*./g, "");
  const pieces = literal.match(/"[^"]*"|\\.|[^"\\]/g) ?? [];
  const isDigit = (piece: string): boolean => /^[0#?]$/.test(piece);
  const first = pieces.findIndex(isDigit);
  const last = pieces.findLastIndex(isDigit);
  const show = (part: readonly string[]): string =>
    part
      .map((piece) => piece.replace(/^\\|^"|"$/g, ""))
      .join("")
      .replace(/[,()]/g, "");
  return [show(pieces.slice(0, first)), show(pieces.slice(last + 1))];
}

const dayMs = 86_400_000;

function toIsoDate(serial: number, uses1904: boolean, code: string): string {
  // The 1900 calendar counts a 29 February 1900 that never was.
  const days = uses1904 ? serial + 1462 : serial < 60 ? serial + 1 : serial;
  const date = new Date(Math.round((days - 25_569) * dayMs));
  if (Number.isNaN(date.getTime())) return showNumber(serial);
  const iso = date.toISOString();
  const seconds = iso.slice(17, 19) === "00" ? "" : iso.slice(16, 19);
  const time = iso.slice(11, 16) + seconds;
  const hasDay = /[yd]/i.test(code);
  if (!hasDay && /[hs]/i.test(code)) return time;
  return time === "00:00" ? iso.slice(0, 10) : `${iso.slice(0, 10)} ${time}`;
}

function toDuration(days: number): string {
  const seconds = Math.round(days * 86_400);
  const two = (value: number): string => String(value).padStart(2, "0");
  const rest = Math.abs(seconds);
  const clock = `${Math.floor(rest / 3600)}:${two(Math.floor(rest / 60) % 60)}:${two(rest % 60)}`;
  return seconds < 0 ? `-${clock}` : clock;
}
