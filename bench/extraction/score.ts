import { type ComparedFile, toWords } from "./write-files.ts";

/** Shares from 0 to 1. */
export interface Score {
  /** Of the words, each as often as it stands there. */
  readonly recall: number;
  /** Of the neighbouring words, those that are neighbours in the text too. */
  readonly order: number;
  /** Of the table's rows, those whose cells stand in one line, in order; undefined without a table. */
  readonly tables: number | undefined;
}

export function score({ words, rows }: ComparedFile, text: string): Score {
  const found = toWords([text]);
  const lines = text.split("\n");
  const rowsFound = rows.filter((row) =>
    lines.some((line) => hasInOrder(line, row)),
  );
  return {
    recall: shareFound(words, found),
    order: shareFound(toPairs(words), toPairs(found)),
    tables: rows.length === 0 ? undefined : rowsFound.length / rows.length,
  };
}

function shareFound(
  wanted: readonly string[],
  found: readonly string[],
): number {
  const left = new Map<string, number>();
  for (const item of found) left.set(item, (left.get(item) ?? 0) + 1);
  const hits = wanted.filter((item) => {
    const count = left.get(item) ?? 0;
    left.set(item, count - 1);
    return count > 0;
  });
  return hits.length / wanted.length;
}

function toPairs(words: readonly string[]): string[] {
  return words.slice(1).map((word, index) => `${words[index]} ${word}`);
}

function hasInOrder(line: string, cells: readonly string[]): boolean {
  let from = 0;
  return cells.every((cell) => {
    const at = line.indexOf(cell, from);
    from = at + cell.length;
    return at >= 0;
  });
}
