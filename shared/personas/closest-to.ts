/** The one of `names` that somebody who wrote `word` most likely meant, or `undefined` when none is near. */
export function closestTo(
  word: string,
  names: readonly string[],
): string | undefined {
  const wanted = word.toLowerCase();
  const atMost = Math.max(1, Math.floor(word.length / 3));
  const [best] = names
    .map((name) => ({ name, edits: countEdits(wanted, name.toLowerCase()) }))
    .filter(({ edits }) => edits <= atMost)
    .toSorted((left, right) => left.edits - right.edits);
  return best?.name;
}

/** Letters to insert, drop, replace or swap with their neighbour (optimal string alignment). */
function countEdits(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, n) => n)];
  for (let i = 1; i <= from.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const isSame = from[i - 1] === to[j - 1];
      const isSwap =
        i > 1 &&
        j > 1 &&
        from[i - 1] === to[j - 2] &&
        from[i - 2] === to[j - 1];
      row[j] = Math.min(
        (rows[i - 1]?.[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (rows[i - 1]?.[j - 1] ?? 0) + (isSame ? 0 : 1),
        isSwap ? (rows[i - 2]?.[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    rows.push(row);
  }
  return rows.at(-1)?.at(-1) ?? 0;
}
