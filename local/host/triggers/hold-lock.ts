import type {
  ServiceBusReceivedMessage,
  ServiceBusReceiver,
} from "@azure/service-bus";
import type { LogError } from "./process-messages.ts";

const shortestWaitMs = 100;

/**
 * Renews a message's lock until the returned function is called, for at most `longestMs`. The client's own renewal ends
 * with the message's settlement only: one that the function leaves alone would stay locked for all that time.
 */
export function holdLock(
  receiver: ServiceBusReceiver,
  message: ServiceBusReceivedMessage,
  options: { readonly longestMs: number; readonly logError: LogError },
): () => void {
  const end = Date.now() + options.longestMs;
  let isHeld = true;
  let timer: NodeJS.Timeout | undefined;

  const arm = (lockedUntil: Date | undefined): void => {
    if (!isHeld || lockedUntil === undefined || lockedUntil.getTime() >= end)
      return;
    const waitMs = (lockedUntil.getTime() - Date.now()) / 2;
    timer = setTimeout(
      () => void renew(),
      Math.max(waitMs, shortestWaitMs),
    ).unref();
  };

  const renew = async (): Promise<void> => {
    try {
      arm(await receiver.renewMessageLock(message));
    } catch (error) {
      if (isHeld) options.logError("renewLock", error);
    }
  };

  arm(message.lockedUntilUtc);
  return () => {
    isHeld = false;
    clearTimeout(timer);
  };
}
