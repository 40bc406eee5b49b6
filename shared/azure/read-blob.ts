import type { Readable } from "node:stream";
import type {
  BlobClient,
  BlobDownloadHeaders,
  BlobDownloadResponseParsed,
} from "@azure/storage-blob";

/** A blob whose headers came and whose bytes are coming. */
export interface OpenBlob {
  readonly headers: BlobDownloadHeaders;
  readonly sizeBytes: number;
  /** Read it once, or abort the signal: until then it holds a connection. Throws what the SDK throws. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

export interface ReadBlobOptions {
  readonly signal?: AbortSignal;
  /** How often a download that broke off is gone on with. */
  readonly resumes?: number;
  /** How long the service may let a reader wait for the next bytes. */
  readonly stallMs?: number;
}

/**
 * Reads a blob as a stream.
 *
 * B1. What is read is one version of the blob: a download that breaks off goes on where it was, only as long as the
 *     blob's ETag is the same.
 * B2. It ends well only after all of its bytes: a short read throws.
 *
 * The SDK's own resumption does not do that here: it takes a connection that was cut for an abort and gives up.
 */
export async function readBlob(
  blob: BlobClient,
  { signal, resumes = 3, stallMs = 30_000 }: ReadBlobOptions = {},
): Promise<OpenBlob> {
  const download = (offset: number, etag?: string) =>
    downloadWithin(blob, offset, {
      stallMs,
      ...(signal && { signal }),
      ...(etag !== undefined && { etag }),
    });
  const first = await download(0);
  const sizeBytes = first.contentLength ?? 0;
  const body = bodyOf(first);

  async function* bytes(): AsyncGenerator<Uint8Array, void> {
    let offset = 0;
    let current = body;
    for (let left = resumes; ; left -= 1) {
      try {
        for await (const chunk of unstalled(current, stallMs)) {
          offset += chunk.byteLength;
          yield chunk;
        }
      } catch (thrown) {
        if (signal?.aborted === true || left === 0) throw thrown;
      }
      if (offset === sizeBytes) return;
      if (left === 0) throw new Error("The blob ended before its size.");
      current = bodyOf(await download(offset, first.etag));
    }
  }
  return { headers: first, sizeBytes, bytes: bytes() };
}

interface DownloadOptions {
  readonly signal?: AbortSignal;
  readonly etag?: string;
  readonly stallMs: number;
}

/** The answer's head, within `stallMs`; the signal goes on to end its body. */
async function downloadWithin(
  blob: BlobClient,
  offset: number,
  { signal, etag, stallMs }: DownloadOptions,
): Promise<BlobDownloadResponseParsed> {
  const opening = new AbortController();
  const timer = setTimeout(() => opening.abort(), stallMs);
  try {
    return await blob.download(offset, undefined, {
      abortSignal: AbortSignal.any([
        opening.signal,
        ...(signal ? [signal] : []),
      ]),
      maxRetryRequests: 0,
      ...(etag !== undefined && { conditions: { ifMatch: etag } }),
    });
  } finally {
    clearTimeout(timer);
  }
}

function bodyOf({ readableStreamBody }: BlobDownloadResponseParsed): Readable {
  const body = readableStreamBody as Readable | undefined;
  if (body === undefined) throw new Error("The answer has no body.");
  // Whoever iterates sees the error; when nobody does, it is nobody's.
  body.on("error", () => undefined);
  return body;
}

/** The body's chunks; it is destroyed when the next one does not come in time. A slow reader is not hurried. */
async function* unstalled(
  body: Readable,
  stallMs: number,
): AsyncGenerator<Uint8Array, void> {
  const watch = () =>
    setTimeout(() => body.destroy(new Error("The download stalled.")), stallMs);
  let timer = watch();
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      clearTimeout(timer);
      yield chunk;
      timer = watch();
    }
  } finally {
    clearTimeout(timer);
  }
}
