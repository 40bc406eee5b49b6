/** A piece of RTF (version 1.9.1, "Basic entities"). */
export type RtfToken =
  | { readonly kind: "open" }
  | { readonly kind: "close" }
  /** A control word with its number, if it has one; control symbols are words of one character. */
  | {
      readonly kind: "control";
      readonly word: string;
      readonly value: number | undefined;
    }
  /** Bytes in the code page of their font, one character each. */
  | { readonly kind: "bytes"; readonly bytes: string };

const controlWord = /([a-zA-Z]{1,32})(-?\d{1,10})? ?/y;
const plainBytes = /[^\\{}\r\n]+/y;

/** Cuts RTF, read as Latin-1, into its tokens. Binary data is passed over. */
export function* toRtfTokens(rtf: string): Generator<RtfToken> {
  let position = 0;
  while (position < rtf.length) {
    const char = rtf[position];
    if (char === "{" || char === "}") {
      position += 1;
      yield { kind: char === "{" ? "open" : "close" };
    } else if (char === "\r" || char === "\n") {
      position += 1;
    } else if (char !== "\\") {
      plainBytes.lastIndex = position;
      const bytes = plainBytes.exec(rtf)?.[0] ?? "";
      position += bytes.length;
      yield { kind: "bytes", bytes };
    } else {
      controlWord.lastIndex = position + 1;
      const [all, word, digits] = controlWord.exec(rtf) ?? [];
      if (all === undefined || word === undefined) {
        const symbol = rtf[position + 1] ?? "";
        position += 2;
        if (symbol === "'") {
          const hex = rtf.slice(position, position + 2);
          position += 2;
          const code = /^[0-9a-f]{2}$/i.test(hex) ? parseInt(hex, 16) : 0x3f;
          yield { kind: "bytes", bytes: String.fromCharCode(code) };
        } else yield { kind: "control", word: symbol, value: undefined };
        continue;
      }
      position += 1 + all.length;
      const value = digits === undefined ? undefined : Number(digits);
      if (word === "bin") position += Math.max(value ?? 0, 0);
      else yield { kind: "control", word, value };
    }
  }
}
