import type { ServiceBusReceiver } from "@azure/service-bus";
import { setTimeout as delay } from "node:timers/promises";
import type { LogError, ProcessBatch } from "./process-messages.ts";
import type { MessagePump } from "./receive-sessions.ts";

export interface BatchPumpOptions {
  readonly receiver: ServiceBusReceiver;
  readonly maxMessageBatchSize: number;
  /** Runs the function once for all messages and settles them; never rejects. */
  readonly process: ProcessBatch;
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

async function receiveBatches(
  { receiver, maxMessageBatchSize, process, logError }: BatchPumpOptions,
  abortSignal: AbortSignal,
): Promise<void> {
  while (!abortSignal.aborted) {
    try {
      const messages = await receiver.receiveMessages(maxMessageBatchSize, {
        maxWaitTimeInMs: waitMs,
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
