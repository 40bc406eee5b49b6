import { Readable } from "node:stream";
import type { TokenCredential } from "@azure/identity";
import type { BlobClient, ContainerClient } from "@azure/storage-blob";
import { createContainerClient } from "../../azure/blob-container.ts";
import { toBlobFailure } from "../../azure/blob-failure.ts";
import { type OpenBlob, readBlob } from "../../azure/read-blob.ts";
import { statusOf } from "../../azure/to-azure-failure.ts";
import {
  EgressFault,
  toEgressError,
  type EgressCodes,
} from "../../egress/egress-fault.ts";
import { codingOf, readBody } from "../../egress/response-body.ts";
import { Content } from "../../kernel/content.ts";
import { NucleusError } from "../../kernel/errors.ts";
import { MediaType } from "../../kernel/metadata.ts";
import type {
  ArtifactProvider,
  ArtifactRequest,
  OpenArtifact,
} from "../artifact-provider.ts";
import {
  type BlobAddress,
  type BlobSource,
  locateBlob,
} from "./azure-blob-sources.ts";

export interface AzureBlobProviderOptions {
  /** Whose jobs may read which containers, as `parseBlobSources` gives them. */
  readonly sources: readonly BlobSource[];
  readonly credential: TokenCredential;
  /** From the request to the last byte. */
  readonly timeoutMs?: number;
  /** How often a request is sent at most, as long as nothing is answered; jobs retry by themselves. */
  readonly tries?: number;
}

const codes: EgressCodes = {
  refused: "artifact_refused",
  unreachable: "artifact_unreachable",
  timeout: "artifact_timeout",
  tooLarge: "artifact_too_large",
};
const failureCodes = {
  service: "artifacts",
  unavailable: "artifact_unreachable",
  throttled: "artifact_throttled",
} as const;

/**
 * Blobs that the app's own identity reads, by their URLs. As it may read for every tenant, what a job names counts for
 * nothing: only containers that the operator gave the job's tenant are called at all.
 */
export function createAzureBlobProvider(
  options: AzureBlobProviderOptions,
): ArtifactProvider {
  const { sources, timeoutMs = 120_000 } = options;
  const containers = new Map(
    sources.map((source) => [source.containerUrl, connect(source, options)]),
  );

  return {
    referenceType: "azure-blob",
    async open(request) {
      const { tenantId, sourceUri } = request;
      const address = locateBlob(sources, tenantId, sourceUri.revealText());
      const container = containers.get(address.source.containerUrl);
      if (!container) throw new NucleusError("artifact_refused");
      const signal = AbortSignal.any([
        request.signal,
        AbortSignal.timeout(timeoutMs),
      ]);
      try {
        return await openArtifact(toBlob(container, address), {
          ...request,
          signal,
        });
      } catch (thrown) {
        throw toArtifactError(thrown, signal);
      }
    },
  };
}

function connect(
  { containerUrl }: BlobSource,
  { credential, tries = 2 }: AzureBlobProviderOptions,
): ContainerClient {
  const slash = containerUrl.lastIndexOf("/");
  return createContainerClient({
    serviceUrl: containerUrl.slice(0, slash),
    container: containerUrl.slice(slash + 1),
    credential,
    tries,
  });
}

function toBlob(
  container: ContainerClient,
  { name, versionId, snapshot }: BlobAddress,
): BlobClient {
  const blob = container.getBlobClient(name);
  if (versionId !== undefined) return blob.withVersion(versionId);
  return snapshot === undefined ? blob : blob.withSnapshot(snapshot);
}

async function openArtifact(
  blob: BlobClient,
  { maxBytes, signal }: ArtifactRequest,
): Promise<OpenArtifact> {
  const leave = new AbortController();
  const found = await readBlob(blob, {
    signal: AbortSignal.any([signal, leave.signal]),
  });
  if (found.sizeBytes > maxBytes) {
    leave.abort();
    throw new NucleusError("artifact_too_large");
  }
  const { contentType = "", contentEncoding, etag } = found.headers;
  const coding = codingOf(contentEncoding);
  const [mediaType = ""] = contentType.split(";");
  const declared = MediaType.safeParse(mediaType.trim().toLowerCase());
  return {
    bytes: readArtifact(found, { coding, maxBytes, signal }),
    ...(declared.success && { declaredMediaType: declared.data }),
    ...(coding === undefined && { sizeBytes: found.sizeBytes }),
    ...(etag !== undefined && { etag: Content.fromText(etag) }),
  };
}

/** The blob's bytes; what was stored compressed (`Content-Encoding`) is unpacked. */
async function* readArtifact(
  { bytes }: OpenBlob,
  options: {
    readonly coding: string | undefined;
    readonly maxBytes: number;
    readonly signal: AbortSignal;
  },
): AsyncGenerator<Uint8Array, void> {
  try {
    yield* options.coding === undefined
      ? bytes
      : readBody(Readable.from(bytes), options);
  } catch (thrown) {
    throw toArtifactError(thrown, options.signal);
  }
}

/** Of what the SDK throws, which quotes URLs, nothing goes on. */
function toArtifactError(thrown: unknown, signal: AbortSignal): NucleusError {
  if (thrown instanceof NucleusError) return thrown;
  if (signal.aborted || thrown instanceof EgressFault)
    return toEgressError(thrown, signal, codes);
  const status = statusOf(thrown) ?? 0;
  if (status === 401 || status === 403)
    return new NucleusError("artifact_forbidden");
  if (status === 404) return new NucleusError("artifact_not_found");
  // It was replaced while it was read (412): a later attempt sees the new one whole.
  if (status === 408 || status === 412)
    return new NucleusError("artifact_unreachable");
  if (status >= 300 && status < 500 && status !== 429)
    return new NucleusError("artifact_rejected");
  return toBlobFailure(thrown, failureCodes);
}
