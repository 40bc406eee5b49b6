import type { DatabaseSync } from "node:sqlite";

import type { RuntimeStatus } from "./instance-record.ts";

/** Which instances; times are milliseconds since the epoch, both included. */
export interface InstanceSelection {
  readonly statuses: readonly RuntimeStatus[];
  readonly createdFrom: number;
  readonly createdTo: number;
}

/** Where an instance stands in the order of creation. */
export interface CreationPosition {
  readonly createdAt: number;
  readonly key: number;
}

export interface CreationQuery extends InstanceSelection {
  /** Only what stands behind it. */
  readonly after?: CreationPosition | undefined;
  readonly limit: number;
}

export interface PrefixQuery extends InstanceSelection {
  readonly idPrefix: string;
  /** Only greater IDs. */
  readonly afterId?: string | undefined;
  readonly limit: number;
}

export interface PrefixMatches {
  readonly keys: readonly number[];
  /** The last ID that was looked at; undefined when there are no more with this prefix. */
  readonly reachedId: string | undefined;
}

/** Finds instances by what they are listed by. */
export interface InstanceQueries {
  /** In order of creation. */
  listByCreation(query: CreationQuery): CreationPosition[];
  /** In order of IDs. It looks at a limited number of instances, so that it may find fewer than there are. */
  listByPrefix(query: PrefixQuery): PrefixMatches;
}

/**
 * One range of one status, in order: the statuses of a list are merged. A condition on several, or on none, makes SQLite
 * sort the whole hub.
 */
const listByCreationSql = `
  SELECT key, created_at AS createdAt FROM th_instance
  WHERE status = ? AND (created_at, key) > (?, ?) AND created_at <= ?
  ORDER BY created_at, key LIMIT ?`;

const listByPrefixSql = `
  SELECT key, id, status, created_at AS createdAt FROM th_instance
  WHERE id >= ? AND id < ? ORDER BY id LIMIT ?`;

/** How many instances one list by prefix looks at: some tens of milliseconds. */
const MAX_LOOKED_AT = 2000;
const PREFIX_STEP = 500;

/** Prepares the queries of a migrated task hub database. */
export function createInstanceQueries(database: DatabaseSync): InstanceQueries {
  const byCreation = database.prepare(listByCreationSql);
  const byPrefix = database.prepare(listByPrefixSql);
  return {
    listByCreation(query: CreationQuery): CreationPosition[] {
      const { statuses, createdFrom, createdTo, after, limit } = query;
      const start =
        after !== undefined && after.createdAt >= createdFrom
          ? after
          : { createdAt: createdFrom, key: -1 };
      return statuses
        .flatMap(
          (status) =>
            byCreation.all(
              status,
              start.createdAt,
              start.key,
              createdTo,
              limit,
            ) as unknown as CreationPosition[],
        )
        .toSorted((a, b) => a.createdAt - b.createdAt || a.key - b.key)
        .slice(0, limit);
    },
    listByPrefix(query: PrefixQuery): PrefixMatches {
      const end = `${query.idPrefix}\u{10ffff}`;
      const keys: number[] = [];
      // Nothing stands between an ID and the same ID followed by U+0000.
      const startAfter = (id: string): string => `${id}\u0000`;
      let reachedId = query.afterId;
      for (let looked = 0; looked < MAX_LOOKED_AT; looked += PREFIX_STEP) {
        const rows = byPrefix.all(
          reachedId === undefined ? query.idPrefix : startAfter(reachedId),
          end,
          PREFIX_STEP,
        ) as unknown as PrefixRow[];
        for (const row of rows) {
          reachedId = row.id;
          if (isSelected(row, query)) keys.push(row.key);
          if (keys.length === query.limit) return { keys, reachedId };
        }
        if (rows.length < PREFIX_STEP) return { keys, reachedId: undefined };
      }
      return { keys, reachedId };
    },
  };
}

interface PrefixRow {
  readonly key: number;
  readonly id: string;
  readonly status: RuntimeStatus;
  readonly createdAt: number;
}

function isSelected(row: PrefixRow, selection: InstanceSelection): boolean {
  return (
    row.createdAt >= selection.createdFrom &&
    row.createdAt <= selection.createdTo &&
    selection.statuses.includes(row.status)
  );
}
