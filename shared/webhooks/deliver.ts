import type { EgressCodes } from "../egress/egress-fault.ts";
import { parseRetryAfter } from "../egress/retry-after.ts";
import type { SafeClient } from "../egress/safe-client.ts";
import type { Now } from "../kernel/clock.ts";
import type { Content } from "../kernel/content.ts";
import { NucleusError, type ErrorCode } from "../kernel/errors.ts";

const codes: EgressCodes = {
  refused: "delivery_refused",
  unreachable: "delivery_failed",
  timeout: "delivery_failed",
  tooLarge: "delivery_failed",
};

interface DelivererOptions {
  readonly client: SafeClient;
  readonly now: Now;
  /** From the call to the answer's headers. */
  readonly timeoutMs?: number;
}

interface Attempt {
  readonly url: Content;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

type Verdict =
  | { readonly outcome: "delivered"; readonly httpStatus: number }
  /** The endpoint wants no more: it is to be disabled. */
  | {
      readonly outcome: "gone";
      readonly httpStatus: number;
      readonly code: ErrorCode;
    }
  | {
      readonly outcome: "failed";
      readonly code: ErrorCode;
      /** Absent when there was no answer. */
      readonly httpStatus?: number;
      readonly retryAfterMs?: number;
    };

export type AttemptResult = Verdict & { readonly durationMs: number };

export interface Deliverer {
  /** Posts once. Whatever the endpoint does is a result, not an exception. */
  attempt(attempt: Attempt): Promise<AttemptResult>;
}

/** Posts signed events: 2xx is success, 410 is gone, all else failure; redirects are not followed, bodies not read. */
export function createDeliverer({
  client,
  now,
  timeoutMs = 15_000,
}: DelivererOptions): Deliverer {
  return {
    async attempt({ url, headers, body }) {
      const startedAt = now();
      const elapsed = (): number => Math.max(0, now() - startedAt);
      try {
        const response = await client.fetch(url, {
          method: "POST",
          headers,
          body,
          timeoutMs,
          maxBytes: 0,
          codes,
        });
        const durationMs = elapsed();
        await response.discard();
        const retryAfterMs = parseRetryAfter(
          response.headers["retry-after"],
          now(),
        );
        return { durationMs, ...judge(response.status, retryAfterMs) };
      } catch (thrown) {
        if (!(thrown instanceof NucleusError)) throw thrown;
        const { code } = thrown;
        return { durationMs: elapsed(), outcome: "failed", code };
      }
    },
  };
}

function judge(httpStatus: number, retryAfterMs: number | undefined): Verdict {
  if (httpStatus >= 200 && httpStatus < 300)
    return { outcome: "delivered", httpStatus };
  if (httpStatus === 410)
    return { outcome: "gone", httpStatus, code: "delivery_gone" };
  return {
    outcome: "failed",
    code: "delivery_failed",
    httpStatus,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}
