import { randomUUID } from "node:crypto";
import type { DurableEngine } from "../durable/engine.ts";
import {
  liveStatuses,
  type RuntimeStatus,
} from "../durable/instance-record.ts";
import type { InstanceRecord } from "../durable/instance-record.ts";
import { parseValue } from "../durable/status-body.ts";

/** What is known of an instance; values are parsed. */
export interface InstanceStatus {
  readonly instanceId: string;
  readonly name: string;
  readonly runtimeStatus: RuntimeStatus;
  readonly input: unknown;
  /** The orchestrator's result; of a failed instance the failure, of a terminated one the reason. */
  readonly output: unknown;
  readonly customStatus: unknown;
  readonly createdAt: Date;
  readonly lastUpdatedAt: Date;
}

/**
 * The durable client of a test. A call that a host's death cut off is made again, as any caller does: a start under its
 * ID is one start, an event may come twice.
 */
export interface TestClient {
  /** Starts an instance and answers its ID. @throws Error where there is no such orchestrator, or the ID is taken. */
  start(
    name: string,
    input?: unknown,
    options?: { readonly instanceId?: string; readonly version?: string },
  ): Promise<string>;
  raise(instanceId: string, eventName: string, value?: unknown): Promise<void>;
  terminate(instanceId: string, reason?: string): Promise<void>;
  suspend(instanceId: string, reason?: string): Promise<void>;
  resume(instanceId: string, reason?: string): Promise<void>;
  rewind(instanceId: string, reason?: string): Promise<void>;
  /** How many instances were removed: 0 or 1. */
  purge(instanceId: string): Promise<number>;
  /** @throws Error where there is no such instance. */
  status(instanceId: string): InstanceStatus;
  signalEntity(
    entity: { readonly name: string; readonly key: string },
    operation: string,
    input?: unknown,
  ): Promise<void>;
  /** The entity's state; undefined where it does not exist. */
  readEntity(entity: { readonly name: string; readonly key: string }): unknown;
}

export interface TestClientOptions {
  readonly engine: () => DurableEngine;
  /** Resolves when a host is up; whether another one than before. */
  readonly hostAfter: (engine: DurableEngine) => Promise<boolean>;
  /** Lets the time pass that an answer needs. */
  readonly passTimeFor: <T>(answer: Promise<T>) => Promise<T>;
}

/** Creates the client of whichever host is up. */
export function createTestClient(options: TestClientOptions): TestClient {
  const { engine } = options;

  /** Calls until a host lives long enough to answer. `isRepeated`: an earlier call may have done it already. */
  const ask = async <T>(
    call: (engine: DurableEngine, isRepeated: boolean) => Promise<T>,
  ): Promise<T> => {
    for (let isRepeated = false; ; isRepeated = true) {
      const asked = engine();
      try {
        return await options.passTimeFor(call(asked, isRepeated));
      } catch (error) {
        if (!(await options.hostAfter(asked))) throw error;
      }
    }
  };
  const send = async (
    what: string,
    call: (
      client: DurableEngine["client"],
    ) => Promise<{ readonly outcome: string } | string>,
  ): Promise<void> => {
    const answer = await ask(({ client }) => call(client));
    const outcome = typeof answer === "string" ? answer : answer.outcome;
    if (outcome !== "accepted")
      throw new Error(`The instance did not take ${what}: ${outcome}.`);
  };

  return {
    async start(name, input, { instanceId = newId(), version } = {}) {
      const { outcome } = await ask(async ({ client }, isRepeated) =>
        isRepeated && client.getStatus(instanceId) !== undefined
          ? { outcome: "started" }
          : client.start({
              name,
              instanceId,
              ...(input !== undefined && { input: JSON.stringify(input) }),
              ...(version !== undefined && { version }),
            }),
      );
      if (outcome !== "started")
        throw new Error(
          `"${name}" was not started as "${instanceId}": ${outcome}.`,
        );
      return instanceId;
    },
    raise: (instanceId, eventName, value = null) =>
      send(`the event "${eventName}"`, (client) =>
        client.raiseEvent(instanceId, eventName, JSON.stringify(value)),
      ),
    terminate: (instanceId, reason) =>
      send("the termination", (client) =>
        client.terminate(instanceId, reason ?? null),
      ),
    suspend: (instanceId, reason) =>
      send("the suspension", (client) =>
        client.suspend(instanceId, reason ?? null),
      ),
    resume: (instanceId, reason) =>
      send("the resumption", (client) =>
        client.resume(instanceId, reason ?? null),
      ),
    rewind: (instanceId, reason) =>
      send("the rewind", (client) => client.rewind(instanceId, reason ?? null)),
    purge: (instanceId) => ask(({ client }) => client.purge(instanceId)),
    status(instanceId) {
      const record = engine().client.getStatus(instanceId);
      if (record === undefined)
        throw new Error(`There is no instance "${instanceId}".`);
      return toInstanceStatus(record);
    },
    async signalEntity(entity, operation, input) {
      const outcome = await ask(({ entities }) =>
        entities.signal({
          entity,
          operation,
          ...(input !== undefined && { input: JSON.stringify(input) }),
        }),
      );
      if (outcome !== "accepted")
        throw new Error(`The entity took no signal: ${outcome}.`);
    },
    readEntity(entity) {
      const found = engine().entities.readState(entity);
      return found && parseValue(found.state);
    },
  };
}

export function isFinished({ runtimeStatus }: InstanceStatus): boolean {
  return !liveStatuses.has(runtimeStatus);
}

function newId(): string {
  return randomUUID().replaceAll("-", "");
}

function toInstanceStatus(record: InstanceRecord): InstanceStatus {
  return {
    instanceId: record.id,
    name: record.name,
    runtimeStatus: record.status,
    input: parseValue(record.input),
    output: parseValue(record.output),
    customStatus: parseValue(record.customStatus),
    createdAt: new Date(record.createdAt),
    lastUpdatedAt: new Date(record.updatedAt),
  };
}
