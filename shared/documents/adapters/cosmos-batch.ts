import type { OperationInput, OperationResponse } from "@azure/cosmos";
import type { Now } from "../../kernel/clock.ts";
import { NucleusError } from "../../kernel/errors.ts";
import type { EncodedOperation } from "../document-codec.ts";
import type {
  BatchOutcome,
  ConflictReason,
  PartitionKey,
} from "../document-store.ts";
import type { CosmosContainer } from "./cosmos-container.ts";
import {
  expiryOf,
  fromEtag,
  fromItem,
  matchesNothing,
  toEtag,
  toItem,
  toItemId,
  type Item,
} from "./cosmos-item.ts";

/** How often a batch is tried anew when expired items that lay in its way change in between. */
const maxAttempts = 5;

type Batch = readonly EncodedOperation[];

/** Operations that expect nothing where an expired item still lies: their index → that item's etag. */
type Leftovers = ReadonlyMap<number, string>;

/**
 * Applies batches as transactional batches of the service. An expired item that the service has not deleted yet counts
 * as absent:
 *
 * B1. A create that meets one becomes a replace on the condition that it is still that item.
 * B2. A condition on an etag whose document has expired cannot be met: etags carry the expiry.
 * B3. An unconditional delete looks first, unless the batch itself wrote the document; this costs one point read.
 * B4. Only what the service refused is looked up, to tell an expired item from a conflict; so a batch without a
 *     conflict costs one request.
 *
 * Patch is not used: each write of the port carries the whole document, which its schema has checked.
 */
export function createCosmosBatchWriter(
  container: CosmosContainer,
  now: Now,
): (partition: PartitionKey, operations: Batch) => Promise<BatchOutcome> {
  return async (partition, operations) => {
    const nowMs = now();
    const find = createFinder(container, partition, nowMs);
    const first = firstTouches(operations);
    let leftovers = await findLeftovers(
      operations,
      find,
      (operation, at) => first.has(at) && isUnconditionalDelete(operation),
    );
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      const results = await container.batch(
        partition,
        operations.map((operation, index) =>
          toInput(partition, operation, nowMs, leftovers.get(index)),
        ),
      );
      const index = failedIndex(operations, results);
      if (index === undefined) return succeeded(operations, results, nowMs);
      const refused = operations[index] as EncodedOperation;
      const status = results[index]?.statusCode;
      const reason = first.has(index)
        ? reasonOf(refused, status, await find(refused))
        : reasons.get(status);
      if (reason !== undefined) return { ok: false, index, reason };
      leftovers = await findLeftovers(
        operations,
        find,
        (operation, at) =>
          first.has(at) &&
          (operation.op === "create" || isUnconditionalDelete(operation)),
      );
    }
    throw new NucleusError("store_unavailable");
  };
}

interface Found {
  readonly item: Item | undefined;
  readonly isAlive: boolean;
}

type Finder = (operation: EncodedOperation) => Promise<Found>;

function createFinder(
  container: CosmosContainer,
  partition: PartitionKey,
  nowMs: number,
): Finder {
  const { tenantId } = partition;
  return async ({ kind, id }) => {
    const sent = await container.read(partition, toItemId(kind, id));
    const item =
      sent === undefined ? undefined : fromItem(sent, { tenantId, kind });
    return { item, isAlive: item !== undefined && item.expiresAt > nowMs };
  };
}

/** Where the batch meets what was there before it; further operations on the same document meet its own writes. */
function firstTouches(operations: Batch): ReadonlySet<number> {
  const indexes = new Map<string, number>();
  for (const [index, { kind, id }] of operations.entries()) {
    const itemId = toItemId(kind, id);
    if (!indexes.has(itemId)) indexes.set(itemId, index);
  }
  return new Set(indexes.values());
}

function isUnconditionalDelete(operation: EncodedOperation): boolean {
  return operation.op === "delete" && operation.ifMatch === undefined;
}

async function findLeftovers(
  operations: Batch,
  find: Finder,
  mayMeetOne: (operation: EncodedOperation, index: number) => boolean,
): Promise<Leftovers> {
  const entries = operations.map(
    async (operation, index): Promise<[number, string][]> => {
      if (!mayMeetOne(operation, index)) return [];
      const { item, isAlive } = await find(operation);
      return item && !isAlive ? [[index, item._etag]] : [];
    },
  );
  return new Map((await Promise.all(entries)).flat());
}

/** `leftover` is the etag of the expired item in this operation's way. */
function toInput(
  partition: PartitionKey,
  operation: EncodedOperation,
  nowMs: number,
  leftover: string | undefined,
): OperationInput {
  const id = toItemId(operation.kind, operation.id);
  if (operation.op === "delete") {
    const given = operation.ifMatch;
    const unconditional = leftover === undefined ? undefined : matchesNothing;
    const ifMatch =
      given === undefined ? unconditional : toCondition(given, nowMs);
    const input: OperationInput = { operationType: "Delete", id };
    // The service takes the condition, though the SDK's type of a delete does not name it.
    return ifMatch === undefined ? input : Object.assign(input, { ifMatch });
  }
  const resourceBody = toItem(partition, operation, nowMs);
  if (operation.op === "upsert") {
    return { operationType: "Upsert", resourceBody };
  }
  const ifMatch =
    operation.op === "replace"
      ? toCondition(operation.ifMatch, nowMs)
      : leftover;
  return ifMatch === undefined
    ? { operationType: "Create", resourceBody }
    : { operationType: "Replace", id, resourceBody, ifMatch };
}

function toCondition(ifMatch: string, nowMs: number): string {
  const { etag, expiresAt } = fromEtag(ifMatch);
  return expiresAt > nowMs ? etag : matchesNothing;
}

const reasons: ReadonlyMap<number | undefined, ConflictReason> = new Map([
  [404, "missing"],
  [409, "exists"],
  [412, "changed"],
]);

/** Failed Dependency: another operation of the batch failed. */
const failedDependency = 424;

/** The first operation that conflicted; absent when the batch was applied. @throws NucleusError for any other failure */
function failedIndex(
  operations: Batch,
  results: readonly OperationResponse[],
): number | undefined {
  if (results.length !== operations.length) {
    throw new NucleusError("store_unavailable");
  }
  const index = results.findIndex(
    ({ statusCode }) => statusCode >= 300 && statusCode !== failedDependency,
  );
  if (index === -1) return undefined;
  const status = results[index]?.statusCode;
  if (reasons.has(status)) return index;
  throw new NucleusError(
    status === 429 ? "store_throttled" : "store_unavailable",
  );
}

/** Why the service refused; absent when an expired item is to blame, or was and is gone, so that the batch may pass now. */
function reasonOf(
  operation: EncodedOperation,
  status: number | undefined,
  { isAlive }: Found,
): ConflictReason | undefined {
  if (operation.op === "create") return isAlive ? "exists" : undefined;
  if (status === 404 || !isAlive) return "missing";
  return isUnconditionalDelete(operation) ? undefined : "changed";
}

function succeeded(
  operations: Batch,
  results: readonly OperationResponse[],
  nowMs: number,
): BatchOutcome {
  const etags = operations.map((operation, index) => {
    const etag = results[index]?.eTag;
    return operation.op === "delete" || etag === undefined
      ? ""
      : toEtag({ etag, expiresAt: expiryOf(operation, nowMs) });
  });
  return { ok: true, etags };
}
