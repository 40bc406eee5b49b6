import type { z } from "zod";
import type { EgressCodes } from "../../egress/egress-fault.ts";
import { parseRetryAfter } from "../../egress/retry-after.ts";
import type { EgressResponse, SafeClient } from "../../egress/safe-client.ts";
import type { Now } from "../../kernel/clock.ts";
import { Content } from "../../kernel/content.ts";
import { NucleusError } from "../../kernel/errors.ts";

const codes: EgressCodes = {
  refused: "artifact_refused",
  unreachable: "artifact_unreachable",
  timeout: "artifact_timeout",
  tooLarge: "artifact_too_large",
};
/** A driveItem takes some 2 KB; a message with its cards up to 100. */
const maxJsonBytes = 1024 * 1024;
const maxRetryAfterMs = 60 * 60 * 1000;

/** Graph as one tenant's token sees it. Paths are below `/v1.0/`. */
export interface GraphClient {
  /** @throws NucleusError `artifact_…`; artifact_rejected when the answer does not have the schema's shape. */
  read<S extends z.ZodType>(path: string, schema: S): Promise<z.output<S>>;
  /** The answer's bytes, from wherever Graph redirects to. @throws NucleusError `artifact_…` */
  open(path: string, maxBytes: number): Promise<EgressResponse>;
}

interface GraphClientOptions {
  readonly client: SafeClient;
  readonly endpoint: string;
  readonly token: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly now: Now;
}

export function createGraphClient({
  client,
  endpoint,
  token,
  timeoutMs,
  signal,
  now,
}: GraphClientOptions): GraphClient {
  const get = async (
    path: string,
    request: Pick<
      Parameters<SafeClient["fetch"]>[1],
      "codes" | "maxBytes" | "redirects"
    >,
  ): Promise<EgressResponse> => {
    const url = Content.fromText(`${endpoint}/v1.0/${path}`);
    // The client drops the token when it follows to the pre-authenticated address of a download.
    const headers = { authorization: `Bearer ${token}` };
    const response = await client.fetch(url, {
      ...request,
      headers,
      timeoutMs,
      signal,
    });
    const failure = toFailure(response, now());
    if (failure === undefined) return response;
    await response.discard();
    throw failure;
  };

  return {
    async read(path, schema) {
      const response = await get(path, {
        codes: { ...codes, tooLarge: "artifact_rejected" },
        maxBytes: maxJsonBytes,
      });
      const parsed = schema.safeParse(await readJson(response));
      if (!parsed.success) throw new NucleusError("artifact_rejected");
      return parsed.data;
    },
    open: (path, maxBytes) =>
      get(path, { codes, maxBytes, redirects: "follow" }),
  };
}

/** Undefined, which no schema takes, when it is not JSON. */
async function readJson({ body }: EgressResponse): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    return undefined;
  }
}

/** By status alone: Graph's error codes say no more, and its messages quote what they are about. */
function toFailure(
  { status, headers }: EgressResponse,
  nowMs: number,
): NucleusError | undefined {
  const retryAfterMs = parseRetryAfter(headers["retry-after"], nowMs);
  const isThrottled =
    status === 429 ||
    status === 509 ||
    (status === 503 && retryAfterMs !== undefined);
  if (isThrottled)
    return new NucleusError("artifact_throttled", {
      ...(retryAfterMs !== undefined && {
        retryAfterMs: Math.min(retryAfterMs, maxRetryAfterMs),
      }),
    });
  // 423: somebody has the file open for writing, or it is being scanned.
  if (status >= 500 || status === 408 || status === 423)
    return new NucleusError("artifact_unreachable");
  if (status === 404 || status === 410)
    return new NucleusError("artifact_not_found");
  if (status === 401 || status === 403)
    return new NucleusError("artifact_forbidden");
  if (status >= 300 || status === 206)
    return new NucleusError("artifact_rejected");
  return undefined;
}
