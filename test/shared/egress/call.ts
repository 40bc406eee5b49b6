import type { RequestListener } from "node:http";
import { onTestFinished } from "vitest";
import { parseEgressAllow } from "../../../shared/egress/egress-policy.ts";
import {
  createSafeClient,
  type EgressRequest,
  type SafeClient,
} from "../../../shared/egress/safe-client.ts";
import { Content } from "../../../shared/kernel/content.ts";
import { NucleusError } from "../../../shared/kernel/errors.ts";
import { serve } from "./serve.ts";

/** A request that asks for nothing special. */
export const defaults: EgressRequest = {
  timeoutMs: 10_000,
  maxBytes: 1_000_000,
  codes: {
    refused: "artifact_refused",
    unreachable: "artifact_unreachable",
    timeout: "artifact_timeout",
    tooLarge: "artifact_too_large",
  },
};

/** A client that is closed when the running test has finished. */
export function client(
  options: Partial<Parameters<typeof createSafeClient>[0]> = {},
): SafeClient {
  const safeClient = createSafeClient({ allow: [], ...options });
  onTestFinished(() => void safeClient.close());
  return safeClient;
}

export async function readAll(
  bytes: AsyncIterable<Uint8Array>,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Fetches and reads everything; the error's code when either fails. */
export async function outcome(
  safeClient: SafeClient,
  url: string,
  request: Partial<EgressRequest> = {},
): Promise<string> {
  try {
    const response = await safeClient.fetch(Content.fromText(url), {
      ...defaults,
      ...request,
    });
    return `${response.status} ${await readAll(response.body)}`;
  } catch (thrown) {
    if (thrown instanceof NucleusError) return thrown.code;
    throw thrown;
  }
}

/** A server that is an exception, and a client that may call it. */
export async function allowed(
  listener: RequestListener,
  options: Partial<Parameters<typeof createSafeClient>[0]> = {},
): Promise<{ safeClient: SafeClient; origin: string }> {
  const { host, origin } = await serve(listener);
  return {
    safeClient: client({ allow: parseEgressAllow(host), ...options }),
    origin,
  };
}
