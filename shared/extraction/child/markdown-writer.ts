import { toTable } from "./table.ts";
import { toOneLine } from "./text.ts";

/** Builds Markdown block by block. Characters are not escaped, so that the words can be quoted as a reader sees them. */
export interface MarkdownWriter {
  /** `level` from 1; what is deeper than 6 becomes 6. */
  heading(level: number, text: string): void;
  /** Its `\n` stay line breaks. */
  paragraph(text: string): void;
  /** A list item at `depth` (from 0): with its number, or with a dash. */
  item(depth: number, text: string, number?: number): void;
  /** A further paragraph of the item just written; without one, a paragraph. */
  continueItem(text: string): void;
  /** The first row is the header. A table of one column is how pages are laid out: it becomes paragraphs. */
  table(rows: readonly (readonly string[])[]): void;
  readonly text: string;
}

const maxListDepth = 20;

export function createMarkdownWriter(): MarkdownWriter {
  const blocks: string[] = [];
  /** Of the lists that are open: how far the text of their last item is indented. */
  let indents: number[] = [];
  let isNumbered = false;
  const block = (text: string): void => {
    indents = [];
    if (text !== "") blocks.push(`\n${text}\n`);
  };
  const paragraph = (text: string): void => block(toLines(text).join("\n"));
  return {
    paragraph,
    heading(level, text) {
      const title = toOneLine(text);
      const marks = "#".repeat(Math.min(Math.max(level, 1), 6));
      block(title === "" ? "" : `${marks} ${title}`);
    },
    item(depth, text, number) {
      const lines = toLines(text);
      if (lines.length === 0) return;
      // Numbers below dashes on the outermost level are a list of their own.
      const isOther = depth === 0 && isNumbered !== (number !== undefined);
      const isFirst = indents.length === 0 || isOther;
      if (indents.length === 0 || depth === 0)
        isNumbered = number !== undefined;
      // An item can be one level below the one before it at the most.
      indents.length = Math.min(depth, indents.length, maxListDepth);
      const outer = indents.at(-1) ?? 0;
      const marker = number === undefined ? "- " : `${number}. `;
      indents.push(outer + marker.length);
      const indent = `\n${" ".repeat(outer + marker.length)}`;
      blocks.push(
        `${isFirst ? "\n" : ""}${" ".repeat(outer)}${marker}${lines.join(indent)}\n`,
      );
    },
    continueItem(text) {
      const indent = indents.at(-1);
      if (indent === undefined) return paragraph(text);
      for (const line of toLines(text)) {
        blocks.push(`${" ".repeat(indent)}${line}\n`);
      }
    },
    table(rows) {
      if (rows.some((row) => row.length > 1)) return block(toTable(rows));
      for (const [cell = ""] of rows) paragraph(cell);
    },
    get text() {
      return blocks.join("").trim();
    },
  };
}

function toLines(text: string): string[] {
  return text
    .split("\n")
    .map(toOneLine)
    .filter((line) => line !== "");
}
