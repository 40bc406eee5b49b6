import type { EntityRecord } from "./entity-store.ts";
import { createEntityId, fromSchedulerId, type EntityId } from "./entity-id.ts";
import type { OperationRequest, OperationResult } from "./entity-message.ts";

/** JSON text that the entity function is invoked with: one call for the whole batch. */
export function toEntityPayload(
  record: EntityRecord,
  operations: readonly OperationRequest[],
): string {
  return JSON.stringify({
    self: fromSchedulerId(record.id),
    exists: record.exists,
    state: record.state ?? null,
    batch: operations.map((operation) => ({
      name: operation.op,
      input: operation.input ?? null,
      isSignal: operation.signal === true,
    })),
  });
}

/** What an entity function made of a batch. */
export interface EntityOutcome {
  readonly exists: boolean;
  /** JSON text. */
  readonly state: string | undefined;
  readonly results: readonly OperationResult[];
  readonly signals: readonly EntitySignal[];
}

/** A signal that an entity sent to another one, or to itself. */
export interface EntitySignal {
  readonly target: EntityId;
  readonly name: string;
  /** JSON text. */
  readonly input: string | undefined;
}

interface WireState {
  readonly entityExists?: unknown;
  readonly entityState?: unknown;
  readonly results?: readonly WireResult[];
  readonly signals?: readonly WireSignal[];
}

interface WireResult {
  readonly isError?: unknown;
  readonly result?: unknown;
}

interface WireSignal {
  readonly target?: { readonly name?: unknown; readonly key?: unknown };
  readonly name?: unknown;
  readonly input?: unknown;
}

/** Reads what the entity function returned; undefined when it is of another shape. */
export function parseEntityOutcome(text: string): EntityOutcome | undefined {
  const value = parseObject(text);
  if (!Array.isArray(value?.results)) return undefined;
  return {
    exists: value.entityExists === true,
    state: toText(value.entityState),
    results: value.results.map(toResult),
    signals: (value.signals ?? []).flatMap(toSignal),
  };
}

/** Every operation of the batch failed alike; the state is what it was. `message` is told to whoever called. */
export function toFailedOutcome(
  record: EntityRecord,
  count: number,
  message: string,
): EntityOutcome {
  const result = { isError: true, result: JSON.stringify(message) };
  return {
    exists: record.exists,
    state: record.state,
    results: Array.from({ length: count }, () => result),
    signals: [],
  };
}

function parseObject(text: string): WireState | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function toResult({ isError, result }: WireResult): OperationResult {
  return { isError: isError === true, result: toText(result) ?? null };
}

/** The SDK's input of a signal without one is an empty text. */
function toSignal({ target, name, input }: WireSignal): EntitySignal[] {
  if (typeof target?.name !== "string" || typeof target.key !== "string") {
    return [];
  }
  return [
    {
      target: createEntityId(target.name, target.key),
      name: toText(name) ?? "",
      input: toText(input),
    },
  ];
}

function toText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
