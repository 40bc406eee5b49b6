import type { EgressCodes } from "../../egress/egress-fault.ts";
import { parseRetryAfter } from "../../egress/retry-after.ts";
import type { EgressResponse, SafeClient } from "../../egress/safe-client.ts";
import type { Now } from "../../kernel/clock.ts";
import { Content } from "../../kernel/content.ts";
import { NucleusError } from "../../kernel/errors.ts";
import { MediaType } from "../../kernel/metadata.ts";
import type { ArtifactProvider, OpenArtifact } from "../artifact-provider.ts";

const codes: EgressCodes = {
  refused: "artifact_refused",
  unreachable: "artifact_unreachable",
  timeout: "artifact_timeout",
  tooLarge: "artifact_too_large",
};

const maxRetryAfterMs = 60 * 60 * 1000;

interface HttpsProviderOptions {
  readonly client: SafeClient;
  readonly now: Now;
  /** From the request to the last byte. */
  readonly timeoutMs?: number;
}

/** Artifacts at a URL that needs no credentials, or carries them itself. */
export function createHttpsProvider({
  client,
  now,
  timeoutMs = 120_000,
}: HttpsProviderOptions): ArtifactProvider {
  return {
    referenceType: "https",
    async open({ sourceUri, maxBytes, signal }) {
      const response = await client.fetch(sourceUri, {
        headers: { accept: "*/*" },
        redirects: "follow",
        timeoutMs,
        maxBytes,
        signal,
        codes,
      });
      const failure =
        toFailure(response, now()) ??
        ((response.sizeBytes ?? 0) > maxBytes
          ? new NucleusError("artifact_too_large")
          : undefined);
      if (failure === undefined) return toArtifact(response);
      await response.discard();
      throw failure;
    },
  };
}

function toFailure(
  { status, headers }: EgressResponse,
  nowMs: number,
): NucleusError | undefined {
  const retryAfterMs = parseRetryAfter(headers["retry-after"], nowMs);
  if (status === 429 || (status === 503 && retryAfterMs !== undefined))
    return new NucleusError("artifact_throttled", {
      ...(retryAfterMs !== undefined && {
        retryAfterMs: Math.min(retryAfterMs, maxRetryAfterMs),
      }),
    });
  if (status >= 500 || status === 408)
    return new NucleusError("artifact_unreachable");
  if (status === 404 || status === 410)
    return new NucleusError("artifact_not_found");
  if (status === 401 || status === 403)
    return new NucleusError("artifact_forbidden");
  // A part nobody asked for (206) is not the artifact; a redirect without a target leads nowhere.
  if (status >= 300 || status === 206)
    return new NucleusError("artifact_rejected");
  return undefined;
}

function toArtifact({
  headers,
  body,
  sizeBytes,
}: EgressResponse): OpenArtifact {
  const [mediaType = ""] = (headers["content-type"] ?? "").split(";");
  const declared = MediaType.safeParse(mediaType.trim().toLowerCase());
  const { etag } = headers;
  return {
    bytes: body,
    ...(declared.success && { declaredMediaType: declared.data }),
    ...(sizeBytes !== undefined && { sizeBytes }),
    ...(etag !== undefined && { etag: Content.fromText(etag) }),
  };
}
