import { z } from "zod";
import type { CosmosPolicy } from "../../../shared/documents/cosmos-policy.ts";
import { charges } from "./charges.ts";
import { valueAt } from "./sql-evaluate.ts";
import type { ItemBody, Items, StoredItem } from "./items.ts";
import { CosmosRefusal } from "./refusal.ts";

const maxOperations = 100;
const maxItemBytes = 2 * 1024 * 1024;
const maxTtlSeconds = 2 ** 31 - 1;

const Condition = z.object({ ifMatch: z.string().optional() });
const Body = z.looseObject({ id: z.string() });
const Operation = z.discriminatedUnion("operationType", [
  z.object({ operationType: z.literal("Create"), resourceBody: Body }),
  z.object({ operationType: z.literal("Upsert"), resourceBody: Body }),
  Condition.extend({
    operationType: z.literal("Replace"),
    id: z.string(),
    resourceBody: Body,
  }),
  Condition.extend({ operationType: z.literal("Delete"), id: z.string() }),
]);
const Batch = z.array(Operation).min(1).max(maxOperations);
type Operation = z.infer<typeof Operation>;

interface Result {
  readonly statusCode: number;
  readonly requestCharge: number;
  readonly eTag?: string;
  readonly resourceBody?: unknown;
}

export interface BatchAnswer {
  /** 200 when applied, 207 when an operation failed and none was applied. */
  readonly status: 200 | 207;
  readonly results: readonly Result[];
}

/**
 * Applies a transactional batch to one logical partition: in order, each operation seeing those before it, all or none.
 *
 * @throws CosmosRefusal when the batch itself is refused
 */
export function runBatch(
  items: Items,
  policy: CosmosPolicy,
  key: readonly string[],
  sent: unknown,
): BatchAnswer {
  if (key.length !== policy.partitionKey.paths.length) {
    throw new CosmosRefusal(400, "A batch needs the whole partition key.");
  }
  const parsed = Batch.safeParse(sent);
  if (!parsed.success) {
    throw new CosmosRefusal(400, "One of the specified inputs is invalid.");
  }
  const draft = items.fork();
  const results: Result[] = [];
  for (const operation of parsed.data) {
    const result = runOperation(draft, policy, key, operation);
    results.push(result);
    if (result.statusCode >= 300) {
      return { status: 207, results: failed(parsed.data.length, results) };
    }
  }
  draft.keep();
  return { status: 200, results };
}

/** Every operation but the one that failed is a failed dependency. */
function failed(count: number, results: readonly Result[]): Result[] {
  const at = results.length - 1;
  return Array.from({ length: count }, (_, index) =>
    index === at
      ? (results[at] as Result)
      : { statusCode: 424, requestCharge: 0 },
  );
}

function runOperation(
  items: Items,
  policy: CosmosPolicy,
  key: readonly string[],
  operation: Operation,
): Result {
  if (operation.operationType === "Delete") {
    const refused = conditionRefused(
      items.find(key, operation.id),
      operation.ifMatch,
    );
    if (refused !== undefined) return refusedWith(refused);
    items.remove(key, operation.id);
    return { statusCode: 204, requestCharge: charges.delete };
  }
  const body: ItemBody = operation.resourceBody;
  const status = bodyRefused(policy, key, body);
  if (status !== undefined) return refusedWith(status);
  const existing = items.find(key, body.id);
  switch (operation.operationType) {
    case "Create":
      if (existing) return refusedWith(409);
      return written(policy, items.put(key, body), 201);
    case "Upsert":
      return written(policy, items.put(key, body), existing ? 200 : 201);
    case "Replace": {
      const refused =
        operation.id === body.id
          ? conditionRefused(existing, operation.ifMatch)
          : 400;
      if (refused !== undefined) return refusedWith(refused);
      return written(policy, items.put(key, body), 200);
    }
    default:
      return operation satisfies never;
  }
}

function conditionRefused(
  existing: StoredItem | undefined,
  ifMatch: string | undefined,
): number | undefined {
  if (!existing) return 404;
  return ifMatch === undefined || ifMatch === existing.etag ? undefined : 412;
}

function bodyRefused(
  { partitionKey }: CosmosPolicy,
  key: readonly string[],
  body: ItemBody,
): number | undefined {
  const isInPartition = partitionKey.paths.every(
    (path, index) => valueAt(body, path.slice(1).split("/")) === key[index],
  );
  if (!isInPartition || !isLegalId(body.id) || !isLegalTtl(body["ttl"])) {
    return 400;
  }
  return Buffer.byteLength(JSON.stringify(body)) > maxItemBytes
    ? 413
    : undefined;
}

function isLegalId(id: string): boolean {
  return id !== "" && Buffer.byteLength(id) <= 1023 && !/[/\\?#]/.test(id);
}

function isLegalTtl(ttl: unknown): boolean {
  return (
    ttl === undefined ||
    ttl === -1 ||
    (typeof ttl === "number" &&
      Number.isInteger(ttl) &&
      ttl >= 1 &&
      ttl <= maxTtlSeconds)
  );
}

function refusedWith(statusCode: number): Result {
  return { statusCode, requestCharge: charges.refused };
}

function written(
  { indexingPolicy }: CosmosPolicy,
  item: StoredItem,
  statusCode: 200 | 201,
): Result {
  const indexed = indexingPolicy.includedPaths.filter(
    ({ path }) =>
      valueAt(item.body, path.slice(1).replace(/\/\?$/, "").split("/")) !==
      undefined,
  ).length;
  const charge = statusCode === 201 ? charges.create : charges.replace;
  return {
    statusCode,
    requestCharge: charge(item.bytes, indexed),
    eTag: item.etag,
    resourceBody: item.body,
  };
}
