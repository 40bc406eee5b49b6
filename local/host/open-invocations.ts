import type { InvocationRequest, InvocationResult } from "./worker-messages.ts";

/** The worker never answered (`lost`), or not in time (`timeout`). */
export type InvocationOutcome =
  InvocationResult | { readonly kind: "lost" } | { readonly kind: "timeout" };

/** The invocations that one worker has not answered yet. Each is settled once: by its result, its time, or its loss. */
export interface OpenInvocations {
  /** Resolves when the invocation is settled; `timeoutMs` may be Infinity. */
  add(
    request: InvocationRequest,
    timeoutMs: number,
  ): Promise<InvocationOutcome>;
  /** A result for an invocation that is settled already is dropped. */
  settle(invocationId: string, result: InvocationResult): void;
  loseAll(): void;
  count(): number;
}

const longestTimerMs = 2 ** 31 - 1;

/** `toTimeout` says what an invocation comes to that has run out of time; `onTimeout` is called after that. */
export function createOpenInvocations({
  toTimeout,
  onTimeout,
}: {
  readonly toTimeout: (request: InvocationRequest) => InvocationOutcome;
  readonly onTimeout: () => void;
}): OpenInvocations {
  const open = new Map<string, (outcome: InvocationOutcome) => void>();
  return {
    add(request, timeoutMs) {
      const { invocationId } = request;
      return new Promise((resolve) => {
        const settle = (outcome: InvocationOutcome): void => {
          clearTimeout(timer);
          open.delete(invocationId);
          resolve(outcome);
        };
        const expire = (): void => {
          settle(toTimeout(request));
          onTimeout();
        };
        const timer = Number.isFinite(timeoutMs)
          ? setTimeout(expire, Math.min(timeoutMs, longestTimerMs))
          : undefined;
        open.set(invocationId, settle);
      });
    },
    settle: (invocationId, result) => open.get(invocationId)?.(result),
    count: () => open.size,
    loseAll() {
      // Settling takes the entry out of the map, which iteration allows.
      for (const settle of open.values()) settle({ kind: "lost" });
    },
  };
}
