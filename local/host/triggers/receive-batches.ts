import type {
  ServiceBusReceivedMessage,
  ServiceBusReceiver,
} from "@azure/service-bus";
import { setTimeout as delay } from "node:timers/promises";
import type { LogError, ProcessBatch } from "./process-messages.ts";
import type { DrainSession, MessagePump } from "./receive-sessions.ts";

export interface BatchOptions {
  readonly maxMessageBatchSize: number;
  /** A smaller batch waits for more messages, for at most `maxBatchWaitTimeMs`. */
  readonly minMessageBatchSize: number;
  readonly maxBatchWaitTimeMs: number;
  /** Runs the function once for all messages and settles them; never rejects. */
  readonly process: ProcessBatch;
}

export interface BatchPumpOptions extends BatchOptions {
  readonly receiver: ServiceBusReceiver;
  readonly logError: LogError;
}

/** How long one call waits for a first message; what is there already comes at once. */
const waitMs = 60_000;
/** The pause after an error, so that a namespace that is away is not asked without end. */
const pauseMs = 1000;

/** Receives batch after batch: the next one is taken when the one before it is settled. */
export function createBatchPump(options: BatchPumpOptions): MessagePump {
  const stopping = new AbortController();
  let loop = Promise.resolve();
  return {
    start() {
      loop = receiveBatches(options, stopping.signal);
    },
    async stop() {
      stopping.abort();
      await loop;
      await options.receiver.close();
    },
  };
}

/** Takes a session's messages batch by batch. */
export function createDrainInBatches(
  options: BatchOptions & { readonly sessionIdleTimeoutMs: number },
): DrainSession {
  const { sessionIdleTimeoutMs, process } = options;
  return async (session, abortSignal) => {
    while (!abortSignal.aborted) {
      const messages = await receiveBatch(session, options, {
        firstWaitMs: sessionIdleTimeoutMs,
        abortSignal,
      });
      if (messages.length === 0) return;
      await process(messages, session);
    }
  };
}

async function receiveBatches(
  options: BatchPumpOptions,
  abortSignal: AbortSignal,
): Promise<void> {
  const { receiver, process, logError } = options;
  while (!abortSignal.aborted) {
    try {
      const messages = await receiveBatch(receiver, options, {
        firstWaitMs: waitMs,
        abortSignal,
      });
      if (messages.length > 0) await process(messages, receiver);
    } catch (error) {
      if (abortSignal.aborted) return;
      logError("receive", error);
      await delay(pauseMs, undefined, { signal: abortSignal }).catch(
        () => undefined,
      );
    }
  }
}

/** The next batch: as large as asked for, or what came in time; empty when nothing did. */
async function receiveBatch(
  receiver: ServiceBusReceiver,
  {
    maxMessageBatchSize,
    minMessageBatchSize,
    maxBatchWaitTimeMs,
  }: BatchOptions,
  wait: { readonly firstWaitMs: number; readonly abortSignal: AbortSignal },
): Promise<ServiceBusReceivedMessage[]> {
  const { abortSignal } = wait;
  const messages = await receiver.receiveMessages(maxMessageBatchSize, {
    maxWaitTimeInMs: wait.firstWaitMs,
    abortSignal,
  });
  const deadline = performance.now() + maxBatchWaitTimeMs;
  while (messages.length > 0 && messages.length < minMessageBatchSize) {
    const leftMs = Math.ceil(deadline - performance.now());
    if (leftMs <= 0 || abortSignal.aborted) break;
    const more = await receiver
      .receiveMessages(maxMessageBatchSize - messages.length, {
        maxWaitTimeInMs: leftMs,
        abortSignal,
      })
      // What has come already must not be lost with it: the next call meets the same error.
      .catch(() => []);
    if (more.length === 0) break;
    messages.push(...more);
  }
  return messages;
}
