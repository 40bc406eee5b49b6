import type { IncomingMessage } from "node:http";

export type BodyRead =
  | { readonly kind: "read"; readonly body: Buffer }
  | { readonly kind: "too-large" }
  | { readonly kind: "aborted" };

/** Reads a request's body, at most `limit` bytes of it. */
export function readBody(
  request: IncomingMessage,
  limit: number,
): Promise<BodyRead> {
  const announced = Number(request.headers["content-length"] ?? 0);
  if (announced > limit) return Promise.resolve({ kind: "too-large" });
  if (announced === 0 && request.headers["transfer-encoding"] === undefined)
    return Promise.resolve({ kind: "read", body: Buffer.alloc(0) });
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) {
        request.removeAllListeners("data");
        resolve({ kind: "too-large" });
      } else {
        chunks.push(chunk);
      }
    });
    request.on("end", () =>
      resolve({ kind: "read", body: Buffer.concat(chunks) }),
    );
    request.on("close", () => resolve({ kind: "aborted" }));
    request.on("error", () => resolve({ kind: "aborted" }));
  });
}

/** How long the rest of a refused body is still read: a client that is cut off while it sends never sees the answer. */
const discardMs = 5000;

/** Reads on without keeping anything, then cuts the connection if the body does not end. */
export function discardBody(request: IncomingMessage): void {
  const timer = setTimeout(() => request.destroy(), discardMs);
  request.once("close", () => clearTimeout(timer));
  request.resume();
}
