/** `text` in well-formed Unicode with `\n` line ends, no control characters, no trailing blanks, no runs of blank lines. */
export function tidyText(text: string): string {
  return (
    text
      .toWellFormed()
      .replace(/\r\n?|[\u2028\u2029\u0085\v\f]/g, "\n")
      // eslint-disable-next-line no-control-regex -- taking them out is the purpose
      .replace(/[\u0000-\u0008\u000e-\u001f\u007f\ufeff\ufffe\uffff]/g, "")
      .split("\n")
      // Not a regular expression: those for trailing blanks take quadratic time.
      .map((line) => line.trimEnd())
      .join("\n")
      .replace(/\n{3,}/g, "\n\n")
      .replace(/^\n+/, "")
      .trimEnd()
  );
}

/** `text` on one line, with single blanks. */
export function toOneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

/** How many words `text` has: runs without blank or pipe that hold a letter or digit. */
export function countWords(text: string): number {
  const word = /[\p{L}\p{N}][^\s|]*/gu;
  let words = 0;
  while (word.test(text)) words += 1;
  return words;
}

const pieceChars = 1 << 20;

/**
 * Cuts a long text where a paragraph ends, or else a line, so that it can be worked on without whole copies of it.
 * `isParagraph` says that a blank line belongs between this piece and the next.
 */
export function* inPieces(
  text: string,
): Generator<{ readonly piece: string; readonly isParagraph: boolean }> {
  let start = 0;
  while (start < text.length) {
    const atLine = text.indexOf("\n", start + pieceChars);
    const atParagraph = text.indexOf("\n\n", start + pieceChars);
    const isParagraph = atParagraph >= 0 && atParagraph < atLine + pieceChars;
    const cut = isParagraph ? atParagraph + 2 : atLine + 1;
    const end = atLine < 0 ? text.length : cut;
    yield { piece: text.slice(start, end), isParagraph };
    start = end;
  }
}
