import type {
  RpcAnswer,
  RpcRequest,
  WorkerToHost,
} from "../worker-messages.ts";

/** The way of the app's durable clients to the management API beside the RPC door: over the worker's channel. */
export interface RpcChannel {
  /** The door's base URL, which ends with a slash; undefined for as long as the host has not told it. */
  baseUrl(): string | undefined;
  /** Resolves with what the door would have answered. Never rejects: without its host the process ends. */
  ask(request: RpcRequest): Promise<RpcAnswer>;
  /** The host has told the door's base URL. */
  open(baseUrl: string): void;
  /** The host has answered. */
  settle(requestId: number, answer: RpcAnswer): void;
}

/** Creates the channel's end in the worker. */
export function createRpcChannel(
  send: (message: WorkerToHost) => void,
): RpcChannel {
  const waiting = new Map<number, (answer: RpcAnswer) => void>();
  let openBaseUrl: string | undefined;
  let lastId = 0;
  return {
    baseUrl: () => openBaseUrl,
    ask: (request) =>
      new Promise((resolve) => {
        lastId += 1;
        waiting.set(lastId, resolve);
        send({ type: "request", requestId: lastId, request });
      }),
    open(baseUrl) {
      openBaseUrl = baseUrl;
    },
    settle(requestId, answer) {
      waiting.get(requestId)?.(answer);
      waiting.delete(requestId);
    },
  };
}
