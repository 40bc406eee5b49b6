const contextLines = 3;

/** Where two values first and last differ, as lines of their JSON: `-` is expected, `+` is what came. */
export function showDifference(expected: unknown, actual: unknown): string {
  const [left, right] = [expected, actual].map(toLines) as [string[], string[]];
  let start = 0;
  while (start < left.length && left[start] === right[start]) start += 1;
  let end = 0;
  const shortest = Math.min(left.length, right.length) - start;
  while (end < shortest && left.at(-1 - end) === right.at(-1 - end)) end += 1;
  const isDifferent = (lines: string[]): string[] =>
    lines.slice(start, lines.length - end);
  return [
    ...left.slice(Math.max(start - contextLines, 0), start).map(prefix(" ")),
    ...isDifferent(left).map(prefix("-")),
    ...isDifferent(right).map(prefix("+")),
    ...left
      .slice(left.length - end, left.length - end + contextLines)
      .map(prefix(" ")),
  ].join("\n");
}

function toLines(value: unknown): string[] {
  return (JSON.stringify(value, null, 2) ?? "nothing").split("\n");
}

function prefix(mark: string): (line: string) => string {
  return (line) => `${mark} ${line}`;
}
