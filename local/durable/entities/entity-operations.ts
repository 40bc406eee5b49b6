import { randomUUID } from "node:crypto";

import type { CommitLoop } from "../../../shared/storage/commit-loop.ts";
import type { FunctionNames } from "../function-names.ts";
import type { EntityHub } from "./entity-hub.ts";
import { toSchedulerId, type EntityId } from "./entity-id.ts";
import type { EntityRecord, EntityStore } from "./entity-store.ts";

export interface SignalRequest {
  readonly entity: EntityId;
  readonly operation: string;
  /** JSON text. */
  readonly input?: string;
}

export interface EntityFilter {
  /** All names, where there is none. */
  readonly name?: string;
  /** Milliseconds since the epoch, inclusive. */
  readonly lastOperationFrom?: number;
  readonly lastOperationTo?: number;
}

export interface EntityPage {
  readonly entities: readonly EntityRecord[];
  /** Asks for the next page; undefined after the last one. */
  readonly continuationToken: string | undefined;
}

/** What a durable client and the management API can do with entities. */
export interface EntityOperations {
  /** Resolves once the signal is on disk. */
  signal(request: SignalRequest): Promise<"accepted" | "unknown-function">;
  /** JSON text of the state that the last batch left; undefined when the entity does not exist. */
  readState(entity: EntityId): { readonly state: string } | undefined;
  /** Entities that exist, by ID. */
  list(
    filter: EntityFilter,
    page: { readonly top: number; readonly continuationToken?: string },
  ): EntityPage;
  /** Resolves once all that has been read so far is on disk; a crash before that may undo what was read. */
  recorded(): Promise<void>;
}

export interface EntityOperationsOptions {
  readonly entityStore: EntityStore;
  readonly entities: EntityHub;
  readonly loop: CommitLoop;
  readonly names: FunctionNames;
}

/** Creates the operations over a recovered hub. */
export function createEntityOperations(
  options: EntityOperationsOptions,
): EntityOperations {
  const { entityStore, entities, loop, names } = options;
  return {
    async signal({ entity, operation, input }) {
      if (names.entity(entity.name) === undefined) return "unknown-function";
      entities.send(toSchedulerId(entity), {
        op: operation,
        signal: true,
        ...(input !== undefined && { input }),
        id: randomUUID(),
      });
      await loop.committed();
      return "accepted";
    },
    readState(entity) {
      const record = entityStore.findEntity(toSchedulerId(entity));
      return record?.exists === true
        ? { state: record.state ?? "null" }
        : undefined;
    },
    recorded: () => loop.committed(),
    list(filter, { top, continuationToken }) {
      const found = entityStore.listEntities({
        idPrefix: filter.name === undefined ? "@" : `@${filter.name}@`,
        updatedFrom: filter.lastOperationFrom ?? Number.MIN_SAFE_INTEGER,
        updatedTo: filter.lastOperationTo ?? Number.MAX_SAFE_INTEGER,
        afterId: fromToken(continuationToken),
        limit: top + 1,
      });
      const page = found.slice(0, top);
      const last = page.at(-1);
      const hasMore = found.length > top && last !== undefined;
      return {
        entities: page,
        continuationToken: hasMore ? toToken(last.id) : undefined,
      };
    },
  };
}

function toToken(id: string): string {
  return Buffer.from(id).toString("base64url");
}

/** An unreadable token starts from the beginning, as an expired one of Azure Storage does. */
function fromToken(token: string | undefined): string {
  return Buffer.from(token ?? "", "base64url").toString();
}
