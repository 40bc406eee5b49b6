import type { Figure, ProcessorRow, ReportRow } from "./to-report.ts";

/**
 * The rows as a Markdown table: a line for each workload and door, a column for each engine. A star marks a figure of
 * which a repeat was disturbed.
 */
export function toTable(rows: readonly ReportRow[]): string {
  const peers = [
    ...new Set(rows.flatMap((row) => row.peers.map(({ name }) => name))),
  ];
  const header = [
    "workload",
    "door",
    "Nucleus",
    ...peers,
    "ratio",
    "ratio to all",
  ];
  const lines = rows.map((row) => [
    `${row.name} (${row.unit})`,
    row.door,
    toCell(row.spread[row.door]),
    ...peers.map((name) => toCell(row.spread[name])),
    row.ratio?.toFixed(2) ?? "",
    row.ratioToAll?.toFixed(2) ?? "",
  ]);
  return toMarkdown(header, lines);
}

/** Processor time for each workflow, a line for each workload. */
export function toProcessorTable(rows: readonly ProcessorRow[]): string {
  const names = rows[0]?.msPerWorkflow.map(({ name }) => name) ?? [];
  return toMarkdown(
    ["processor time (ms/workflow)", ...names],
    rows.map(({ name, msPerWorkflow }) => [
      name,
      ...msPerWorkflow.map(({ value }) => toText(value)),
    ]),
  );
}

function toMarkdown(
  header: readonly string[],
  lines: readonly (readonly string[])[],
): string {
  const widths = header.map((title, column) =>
    Math.max(
      title.length,
      3,
      ...lines.map((line) => line[column]?.length ?? 0),
    ),
  );
  const toLine = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [
    toLine(header),
    toLine(widths.map((width) => "-".repeat(width))),
    ...lines.map(toLine),
  ].join("\n");
}

function toCell(figure: Figure | undefined): string {
  if (figure === undefined) return "";
  const { median, min, max, dirtyRepeats } = figure;
  return `${toText(median)} (${toText(min)}–${toText(max)})${dirtyRepeats > 0 ? "*" : ""}`;
}

/** Three digits that matter, and no less than what stands before the point. */
function toText(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
