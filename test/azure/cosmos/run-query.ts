import { z } from "zod";
import type { CosmosPolicy } from "../../../shared/documents/cosmos-policy.ts";
import { charges } from "./charges.ts";
import type { Items, StoredItem } from "./items.ts";
import {
  contains,
  overlaps,
  rangeOf,
  type KeyRange,
  type PhysicalPartition,
} from "./partitions.ts";
import {
  fixedKey,
  refuseLiterals,
  requireIndexes,
  toQueryPlan,
} from "./query-rules.ts";
import { CosmosRefusal } from "./refusal.ts";
import { evaluate, toComparator, type Parameters } from "./sql-evaluate.ts";
import { parseQuery, type Query } from "./sql-parser.ts";

const Specification = z.object({
  query: z.string(),
  parameters: z
    .array(z.object({ name: z.string().startsWith("@"), value: z.unknown() }))
    .default([]),
});

/** Where a query is to run. */
export interface QueryTarget {
  /** The partition key header's values. */
  readonly key: readonly string[] | undefined;
  /** The physical partition that the SDK chose; then the service filters by no key. */
  readonly partitionId: string | undefined;
  readonly isScanAllowed: boolean;
  readonly continuation: string | undefined;
  readonly pageSize: number;
}

export interface QueryPage {
  readonly documents: readonly unknown[];
  readonly continuation: string | undefined;
  readonly requestCharge: number;
}

export interface QueryRunner {
  /** @throws CosmosRefusal */
  plan(sent: unknown): object;
  /** @throws CosmosRefusal */
  run(sent: unknown, target: QueryTarget): QueryPage;
}

export interface QueryRunnerOptions {
  readonly items: Items;
  readonly policy: CosmosPolicy;
  readonly partitions: readonly PhysicalPartition[];
  /** Whether each query on a physical partition begins with an empty page, as the service may at any time. */
  readonly isSparse: boolean;
}

interface Prepared {
  readonly query: Query;
  readonly parameters: Parameters;
  /** Where everything lies that the condition can match. */
  readonly range: KeyRange;
}

export function createQueryRunner(options: QueryRunnerOptions): QueryRunner {
  const { items, policy, partitions, isSparse } = options;
  const keyPaths = policy.partitionKey.paths;

  const prepare = (sent: unknown, isScanAllowed: boolean): Prepared => {
    const { query: text, parameters: given } = Specification.parse(sent);
    const query = parseQuery(text);
    const parameters = new Map(given.map(({ name, value }) => [name, value]));
    refuseLiterals(query);
    requireIndexes(query, policy, isScanAllowed);
    const fixed = fixedKey(query, parameters, keyPaths);
    return { query, parameters, range: rangeOf(fixed, keyPaths.length) };
  };

  const partitionsFor = (
    { query, range }: Prepared,
    { key, partitionId }: QueryTarget,
  ): readonly PhysicalPartition[] => {
    if (partitionId !== undefined) {
      return partitions.filter(({ id }) => id === partitionId);
    }
    const asked = key ? rangeOf(key, keyPaths.length) : range;
    const spanned = partitions.filter((each) => overlaps(each, asked));
    if (spanned.length > 1 && query.orderBy.length > 0) {
      throw new CosmosRefusal(
        400,
        "The provided cross partition query can not be directly served by the gateway.",
        {
          substatus: 1004,
          extra: { additionalErrorInfo: toQueryPlan(query, asked) },
        },
      );
    }
    return spanned;
  };

  return {
    plan(sent) {
      const { query, range } = prepare(sent, true);
      return toQueryPlan(query, range);
    },
    run(sent, target) {
      const prepared = prepare(sent, target.isScanAllowed);
      if (target.key && target.key.length < keyPaths.length) {
        throw new CosmosRefusal(
          400,
          "Partition key provided doesn't correspond to definition in the collection.",
          { substatus: 1001 },
        );
      }
      const { query, parameters } = prepared;
      const spanned = partitionsFor(prepared, target);
      const at = toPlace(target.continuation, isSparse);
      const partition = spanned[at.partition];
      if (!partition)
        throw new CosmosRefusal(410, "Gone.", { substatus: 1002 });
      const within = target.key && rangeOf(target.key, keyPaths.length);
      const candidates = items
        .all()
        .filter(
          ({ effectiveKey }) =>
            contains(partition, effectiveKey) &&
            (within === undefined || contains(within, effectiveKey)),
        );
      const matching = select(candidates, query, parameters);
      const to = at.isEmpty ? at.offset : at.offset + target.pageSize;
      const page = matching.slice(at.offset, to);
      return {
        documents: page.map(({ body }) => project(query, body, parameters)),
        continuation: toContinuation({
          next: to < matching.length || at.isEmpty ? to : undefined,
          partition: at.partition,
          partitions: spanned.length,
        }),
        requestCharge: charges.queryPage(
          page.length,
          page.reduce((sum, { bytes }) => sum + bytes, 0),
        ),
      };
    },
  };
}

function select(
  candidates: readonly StoredItem[],
  query: Query,
  parameters: Parameters,
): StoredItem[] {
  const { where } = query;
  const compare = toComparator(query.orderBy, parameters);
  return candidates
    .filter(
      ({ body }) =>
        where === undefined || evaluate(where, body, parameters) === true,
    )
    .toSorted((a, b) => compare(a.body, b.body));
}

function project(
  { select: selected }: Query,
  body: unknown,
  parameters: Parameters,
): unknown {
  if (selected === undefined) return body;
  return Object.fromEntries(
    selected.map(({ name, expression }) => [
      name,
      evaluate(expression, body, parameters),
    ]),
  );
}

const Place = z.tuple([z.int(), z.int()]);

function toPlace(continuation: string | undefined, isSparse: boolean) {
  if (continuation === undefined) {
    return { partition: 0, offset: 0, isEmpty: isSparse };
  }
  const [partition, offset] = Place.parse(JSON.parse(continuation));
  return { partition, offset, isEmpty: false };
}

function toContinuation(at: {
  readonly next: number | undefined;
  readonly partition: number;
  readonly partitions: number;
}): string | undefined {
  if (at.next !== undefined) return JSON.stringify([at.partition, at.next]);
  return at.partition + 1 < at.partitions
    ? JSON.stringify([at.partition + 1, 0])
    : undefined;
}
