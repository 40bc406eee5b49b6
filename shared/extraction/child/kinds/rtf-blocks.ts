import { createMarkdownWriter } from "../markdown-writer.ts";
import { toOneLine } from "../text.ts";

/** What the control words before a paragraph's end say of it. */
export interface RtfParagraph {
  /** The level of the heading that it is. */
  readonly level: number | undefined;
  readonly isInTable: boolean;
  /** From 0. */
  readonly listDepth: number;
}

/** Word's most is 63. What stands beyond goes into the last cell. */
const maxColumns = 200;

/** Builds Markdown out of the runs, paragraphs, cells and rows of an RTF document as they come. */
export function createRtfBlocks() {
  const writer = createMarkdownWriter();
  const notes: string[] = [];
  /** The texts of a note being read, and around it of what it belongs to. */
  const outer: string[] = [];
  let text = "";
  let marker = "";
  let cells: string[] = [];
  let rows: string[][] = [];

  const flushTable = (): void => {
    if (cells.length > 0) rows.push(cells);
    if (rows.length > 0) writer.table(rows);
    cells = [];
    rows = [];
  };
  const endParagraph = ({
    level,
    isInTable,
    listDepth,
  }: RtfParagraph): void => {
    if (isInTable || outer.length > 0) {
      text += "\n";
      return;
    }
    flushTable();
    const label = toOneLine(marker);
    const labelled = label === "" ? text : `${label} ${text}`;
    const number = /^(\d{1,9})[.)]?$/.exec(label)?.[1];
    if (level !== undefined) writer.heading(level, labelled);
    else if (label === "") writer.paragraph(text);
    else if (number !== undefined) writer.item(listDepth, text, Number(number));
    else writer.item(listDepth, isBullet(label) ? text : labelled);
    text = "";
    marker = "";
  };

  return {
    add(more: string): void {
      text += more;
    },
    /** The number or bullet that stands before a paragraph. */
    addMarker(more: string): void {
      if (outer.length === 0) marker += more;
    },
    endParagraph,
    endCell(): void {
      const cell = toOneLine(`${marker} ${text}`);
      if (cells.length < maxColumns) cells.push(cell);
      else cells[maxColumns - 1] += ` ${cell}`;
      text = "";
      marker = "";
    },
    endRow(): void {
      if (cells.length > 0) rows.push(cells);
      cells = [];
    },
    beginNote(): void {
      outer.push(text);
      text = "";
    },
    endNote(): void {
      const note = toOneLine(text);
      text = outer.pop() ?? "";
      if (note === "") return;
      notes.push(`[^${notes.length + 1}]: ${note}`);
      text += `[^${notes.length}]`;
    },
    /** The whole Markdown, its last paragraph ended or not. */
    finish(last: RtfParagraph): string {
      if (cells.length === 0) endParagraph({ ...last, isInTable: false });
      flushTable();
      return [writer.text, ...notes].join("\n\n");
    },
  };
}

/** A single character, or several signs: symbol fonts have letters for bullets. */
function isBullet(label: string): boolean {
  return /^(?:.|[^\p{L}\p{N}]*)$/u.test(label);
}
