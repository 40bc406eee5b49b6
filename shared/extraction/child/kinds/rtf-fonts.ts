import iconv from "iconv-lite";

/** Code pages of the character sets of fonts (`\fcharset`). What is missing has the document's. */
const codePageOfCharset: Readonly<Record<number, string>> = {
  0: "windows-1252",
  77: "macintosh",
  128: "cp932",
  129: "cp949",
  134: "cp936",
  136: "cp950",
  161: "windows-1253",
  162: "windows-1254",
  163: "windows-1258",
  177: "windows-1255",
  178: "windows-1256",
  186: "windows-1257",
  204: "windows-1251",
  222: "cp874",
  238: "windows-1250",
  254: "cp437",
};

/** Follows what an RTF document says of the code pages of its bytes. */
export function createRtfFonts() {
  const codePages = new Map<number, string>();
  let documentCodePage = "windows-1252";
  let defaultFont: number | undefined;
  let font: number | undefined;
  return {
    /** A control word of the document's head. */
    declare(word: string, value: number | undefined): void {
      if (word === "deff") defaultFont = value;
      else if (word === "ansicpg") documentCodePage = toName(value ?? 1252);
      else if (word === "mac") documentCodePage = "macintosh";
      else if (word === "pc") documentCodePage = "cp437";
      else if (word === "pca") documentCodePage = "cp850";
    },
    /** A control word of the font table. */
    define(word: string, value = 0): void {
      if (word === "f") font = value;
      if (font === undefined) return;
      // Charset 1 is whatever the system's is.
      const codePage =
        word === "cpg"
          ? toName(value)
          : word === "fcharset"
            ? codePageOfCharset[value]
            : undefined;
      if (codePage !== undefined) codePages.set(font, codePage);
    },
    codePageOf: (used: number | undefined): string =>
      codePages.get(used ?? defaultFont ?? -1) ?? documentCodePage,
  };
}

function toName(codePage: number): string {
  return codePage === 65_001 ? "utf8" : `cp${codePage}`;
}

/** The text of bytes, given as one Latin-1 character each, in `codePage`; in an unknown one, as Windows-1252. */
export function decodeBytes(bytes: string, codePage: string): string {
  // eslint-disable-next-line no-control-regex -- the bytes that are the same in every code page
  if (/^[\u0000-\u007f]*$/.test(bytes)) return bytes;
  const encoding = iconv.encodingExists(codePage) ? codePage : "windows-1252";
  return iconv.decode(Buffer.from(bytes, "latin1"), encoding);
}
