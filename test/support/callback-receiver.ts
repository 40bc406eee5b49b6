import { createServer, type IncomingHttpHeaders } from "node:http";
import { once } from "node:events";

/** One request that a receiver got. */
export interface ReceivedCallback {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What the receiver answers: a status, a status with headers, or nothing, ever. */
export type CallbackAnswer =
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | "silence";

/** A subscriber's endpoint on loopback: keeps what it gets and answers as told. */
export interface CallbackReceiver {
  readonly origin: string;
  /** `host:port`, for EGRESS_ALLOW. */
  readonly address: string;
  readonly received: readonly ReceivedCallback[];
  /** What it got at that path. */
  receivedAt(path: string): readonly ReceivedCallback[];
  /** Resolves with the first request, past or future, that `matches`. */
  next(
    matches?: (callback: ReceivedCallback) => boolean,
  ): Promise<ReceivedCallback>;
  close(): Promise<void>;
}

export async function startCallbackReceiver(
  answer: (
    callback: ReceivedCallback,
    nth: number,
  ) => CallbackAnswer | Promise<CallbackAnswer> = () => ({ status: 204 }),
): Promise<CallbackReceiver> {
  const received: ReceivedCallback[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const callback = {
        path: request.url ?? "",
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      };
      received.push(callback);
      const answered = await answer(callback, received.length);
      if (answered !== "silence")
        response.writeHead(answered.status, { ...answered.headers }).end();
      for (const look of waiting) look();
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  return {
    origin: `http://127.0.0.1:${port}`,
    address: `127.0.0.1:${port}`,
    received,
    receivedAt: (path) => received.filter((callback) => callback.path === path),
    next: (matches = () => true) =>
      new Promise((resolve) => {
        const look = () => {
          const found = received.find(matches);
          if (!found) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
