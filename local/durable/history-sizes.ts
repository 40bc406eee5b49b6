import type { DatabaseSync } from "node:sqlite";

/** The sizes of histories, with the inputs of their activities, in bytes as stored. */
export interface HistorySizes {
  /** How many instances were measured. */
  readonly measured: number;
  readonly median: number;
  readonly p99: number;
  readonly greatest: number;
  readonly largest: readonly LargeInstance[];
}

export interface LargeInstance {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly turns: number;
  readonly bytes: number;
}

export interface MeasureOptions {
  /** The first and the last key, both included. */
  readonly keys: readonly [first: number, last: number];
  readonly turnsPerInstance: number;
  /** How many of the largest are named. */
  readonly largest: number;
}

interface Measured {
  readonly key: number;
  readonly turns: number;
  readonly bytes: number;
}

/** Instances that one query measures: a reader that takes longer would keep the WAL of a running host from being cut. */
const sliceKeys = 2000;

/** Measures the histories of a range of instances, without reading what is in them. */
export function measureHistories(
  database: DatabaseSync,
  { keys: [first, last], turnsPerInstance, largest }: MeasureOptions,
): HistorySizes {
  const measure = database.prepare(
    `SELECT position / ${turnsPerInstance} AS key, count(*) AS turns,
       sum(octet_length(events) + coalesce(octet_length(inputs), 0)) AS bytes
     FROM th_history WHERE position >= ? AND position < ? GROUP BY 1`,
  );
  const sizes: number[] = [];
  let greatest: Measured[] = [];
  for (let from = first; from <= last; from += sliceKeys) {
    const to = Math.min(from + sliceKeys, last + 1);
    const slice = measure.all(
      from * turnsPerInstance,
      to * turnsPerInstance,
    ) as unknown as Measured[];
    for (const { bytes } of slice) sizes.push(bytes);
    greatest = [...greatest, ...slice]
      .toSorted((a, b) => b.bytes - a.bytes)
      .slice(0, largest);
  }
  sizes.sort((a, b) => a - b);
  const at = (part: number): number =>
    sizes[Math.min(sizes.length - 1, Math.floor(sizes.length * part))] ?? 0;
  return {
    measured: sizes.length,
    median: at(0.5),
    p99: at(0.99),
    greatest: at(1),
    largest: nameInstances(database, greatest),
  };
}

/** An instance may have been purged since it was measured. */
function nameInstances(
  database: DatabaseSync,
  measured: readonly Measured[],
): LargeInstance[] {
  const find = database.prepare(
    "SELECT id, name, status FROM th_instance WHERE key = ?",
  );
  return measured.flatMap(({ key, turns, bytes }) => {
    const row = find.get(key);
    return row === undefined
      ? []
      : [
          {
            id: String(row["id"]),
            name: String(row["name"]),
            status: String(row["status"]),
            turns,
            bytes,
          },
        ];
  });
}
