import { isServiceBusError } from "@azure/service-bus";
import type {
  ServiceBusClient,
  ServiceBusSessionReceiver,
} from "@azure/service-bus";
import { setTimeout as delay } from "node:timers/promises";
import type { LogError, ProcessMessage } from "./process-messages.ts";

/** Receives messages from `start` until `stop`. */
export interface MessagePump {
  start(): void;
  /** Takes no more messages; resolves when those under way are settled. */
  stop(): Promise<void>;
}

/** Receives from one session until it is idle or the pump stops. */
export type DrainSession = (
  session: ServiceBusSessionReceiver,
  abortSignal: AbortSignal,
) => Promise<void>;

export interface SessionPumpOptions {
  readonly client: ServiceBusClient;
  /** The queue, or the subscription's path. */
  readonly entityPath: string;
  readonly maxConcurrentSessions: number;
  readonly maxAutoLockRenewalDurationMs: number;
  readonly drainSession: DrainSession;
  readonly logError: LogError;
}

/** The pause after an error, so that a namespace that is away is not asked without end. */
const PAUSE_MS = 1_000;

/** Receives from several sessions at a time. */
export function createSessionPump(options: SessionPumpOptions): MessagePump {
  const stopping = new AbortController();
  let loops: Promise<void>[] = [];
  return {
    start() {
      loops = Array.from({ length: options.maxConcurrentSessions }, () =>
        receiveSessions(options, stopping.signal),
      );
    },
    async stop() {
      stopping.abort();
      await Promise.all(loops);
    },
  };
}

/** Takes one session after the other. */
async function receiveSessions(
  options: SessionPumpOptions,
  abortSignal: AbortSignal,
): Promise<void> {
  while (!abortSignal.aborted) {
    try {
      const session = await acceptNext(options, abortSignal);
      if (session === undefined) return;
      try {
        await options.drainSession(session, abortSignal);
      } finally {
        await session.close();
      }
    } catch (error) {
      if (abortSignal.aborted) return;
      if (isNoSession(error)) continue;
      options.logError("receive", error);
      await delay(PAUSE_MS, undefined, { signal: abortSignal }).catch(() => {});
    }
  }
}

/** The next session; undefined when there is to be none any more, for which the client itself would wait its time out. */
async function acceptNext(
  { client, entityPath, maxAutoLockRenewalDurationMs }: SessionPumpOptions,
  abortSignal: AbortSignal,
): Promise<ServiceBusSessionReceiver | undefined> {
  const stopped = Promise.withResolvers<undefined>();
  const stop = (): void => stopped.resolve(undefined);
  abortSignal.addEventListener("abort", stop);
  try {
    const accepting = client.acceptNextSession(entityPath, {
      receiveMode: "peekLock",
      skipParsingBodyAsJson: true,
      maxAutoLockRenewalDurationInMs: maxAutoLockRenewalDurationMs,
      abortSignal,
    });
    // What comes after all is given back at once.
    const late = accepting.then((session) =>
      abortSignal.aborted ? session.close() : undefined,
    );
    late.catch(() => undefined);
    return await Promise.race([accepting, stopped.promise]);
  } finally {
    abortSignal.removeEventListener("abort", stop);
  }
}

/** Takes a session's messages one at a time: the next one comes when the one before it is settled. */
export function createDrainOneByOne({
  process,
  sessionIdleTimeoutMs,
}: {
  readonly process: ProcessMessage;
  /** How long a session may bring nothing before it is given up for another. */
  readonly sessionIdleTimeoutMs: number;
}): DrainSession {
  return async (session, abortSignal) => {
    while (!abortSignal.aborted) {
      const [message] = await session.receiveMessages(1, {
        maxWaitTimeInMs: sessionIdleTimeoutMs,
        abortSignal,
      });
      if (message === undefined) return;
      await process(message, session);
    }
  };
}

/** No session has had messages for a while: the normal state of a quiet queue. */
function isNoSession(error: unknown): boolean {
  return isServiceBusError(error) && error.code === "ServiceTimeout";
}
