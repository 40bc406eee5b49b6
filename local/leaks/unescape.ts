const percentEscape = /%([0-9A-Fa-f]{2})/g;
const backslashEscape =
  /\\(?:u\{([0-9A-Fa-f]{1,6})\}|((?:u[0-9A-Fa-f]{4})(?:\\u[0-9A-Fa-f]{4})*)|x([0-9A-Fa-f]{2})|([bfnrtv"'`\\/]))/g;
const controls: Readonly<Record<string, string>> = {
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

// Both take and give text whose characters are bytes (latin1), so that what is not escaped stays as it is.

/** Replaces `%41` by the byte that it stands for. */
export function toUnpercented(text: string): string {
  return text.replace(percentEscape, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** Replaces the backslash escapes of JSON and JavaScript by what they stand for, in UTF-8. */
export function toUnescaped(text: string): string {
  return text.replace(
    backslashEscape,
    (_, braced?: string, units?: string, byte?: string, control?: string) => {
      if (control !== undefined) return controls[control] ?? control;
      if (units !== undefined) return toUtf8(fromUnits(units));
      const code = Number.parseInt(braced ?? byte ?? "0", 16);
      return code > 0x10ffff ? "" : toUtf8(String.fromCodePoint(code));
    },
  );
}

/** `u00e9\u0041…`: units that follow each other are joined, for two of them may be halves of one character. */
function fromUnits(units: string): string {
  return units
    .split("\\")
    .map((unit) => String.fromCharCode(Number.parseInt(unit.slice(1), 16)))
    .join("");
}

function toUtf8(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
