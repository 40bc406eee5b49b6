import { pipeline, type Readable, type Transform } from "node:stream";
import {
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
} from "node:zlib";
import { EgressFault } from "./egress-fault.ts";

const decoders: ReadonlyMap<string, () => Transform> = new Map<
  string,
  () => Transform
>([
  ["gzip", createGunzip],
  ["x-gzip", createGunzip],
  ["deflate", createInflate],
  ["br", createBrotliDecompress],
  ["zstd", createZstdDecompress],
]);

/** The coding that `Content-Encoding` names, or undefined for none. */
export function codingOf(header: string | undefined): string | undefined {
  const coding = header?.trim().toLowerCase();
  return coding === "" || coding === "identity" ? undefined : coding;
}

/**
 * The body with its coding undone: asked for identity, object stores still send what was stored compressed. At most
 * `maxBytes` are read of the wire and at most `maxBytes` handed on, so that neither a bomb nor a trickle of empty
 * blocks gets further.
 * @throws EgressFault while iterated, and at once for a coding that is not known.
 */
export function readBody(
  body: Readable,
  options: { readonly coding: string | undefined; readonly maxBytes: number },
): AsyncIterable<Uint8Array> {
  const { coding, maxBytes } = options;
  if (coding === undefined) return bounded(body, maxBytes);
  const createDecoder = decoders.get(coding);
  if (createDecoder === undefined) throw new EgressFault("unreachable");
  const decoded = pipeline(
    body,
    (wire: Readable) => bounded(wire, maxBytes),
    createDecoder(),
    // The decoder is destroyed with the error, so whoever iterates it sees it.
    () => undefined,
  );
  return bounded(decoded, maxBytes);
}

async function* bounded(
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  let total = 0;
  for await (const chunk of source) {
    total += chunk.byteLength;
    if (total > maxBytes) throw new EgressFault("tooLarge");
    yield chunk;
  }
}
