/** What a document of the comparison says, whatever format it is written in. */
export interface Story {
  readonly title: string;
  readonly paragraphs: readonly string[];
  /** The first row is the header. */
  readonly rows: readonly (readonly string[])[];
}

const words =
  "harbour lease tenant größe crane winter ledger piano Zürich orchard meter café signal timber voyage lantern budget quartz meadow engine señor archive ribbon copper".split(
    " ",
  );

/** The nth story: always the same, and longer the higher its number. */
export function tellStory(number: number): Story {
  let state = number * 7919 + 17;
  const next = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor(state / 65_536) % below;
  };
  const word = (): string => words[next(words.length)] ?? "";
  const sentence = (): string => {
    const [first = "", ...rest] = Array.from({ length: 8 + next(8) }, word);
    return `${first.charAt(0).toUpperCase()}${first.slice(1)} ${rest.join(" ")} ${next(9000) + 1000}.`;
  };
  const paragraphs = Array.from({ length: 10 * number }, () =>
    Array.from({ length: 3 + next(3) }, sentence).join(" "),
  );
  const rows = Array.from({ length: 6 * number }, (_, row) =>
    row === 0
      ? ["Item", "Place", "Cost"]
      : [`${word()} ${row}`, word(), String(next(9000) + 1000)],
  );
  return { title: `Report ${number} of the harbour`, paragraphs, rows };
}

/** As Markdown. */
export function toMarkdown({ title, paragraphs, rows }: Story): string {
  const [header = [], ...body] = rows;
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    `# ${title}`,
    ...paragraphs,
    [line(header), line(header.map(() => "---")), ...body.map(line)].join("\n"),
    "",
  ].join("\n\n");
}

/** As HTML, without what stands around a page. */
export function toHtml({ title, paragraphs, rows }: Story): string {
  const cells = (row: readonly string[]): string =>
    row.map((cell) => `<td>${cell}</td>`).join("");
  return [
    `<h1>${title}</h1>`,
    ...paragraphs.map((paragraph) => `<p>${paragraph}</p>`),
    `<table>${rows.map((row) => `<tr>${cells(row)}</tr>`).join("")}</table>`,
  ].join("\n");
}
