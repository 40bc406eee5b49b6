import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, request as send } from "node:https";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import type { AzuriteAccount } from "./azurite.ts";
import { trustedCertificate } from "./certificate.ts";

export interface BlobRequest {
  readonly method: string;
  /** Path-style, with the query: `/account/container/name?…`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** What goes wrong with a request, or with its answer. */
export type BlobFault =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** The service does it, and the answer is cut after so many bytes of its body. */
  | { readonly kind: "cut"; readonly afterBytes: number }
  /** The answer stops after so many bytes of its body, and the connection stands. */
  | { readonly kind: "stall"; readonly afterBytes: number }
  /** The service does it, and nobody hears of it. */
  | { readonly kind: "lose" }
  /** The service never hears of it, and nobody answers. */
  | { readonly kind: "hang" }
  /** The service is asked for this instead. */
  | { readonly kind: "ask"; readonly path: string }
  /** The answer has more headers. */
  | {
      readonly kind: "add";
      readonly headers: Readonly<Record<string, string>>;
    };

type Rule = (
  request: BlobRequest,
) => BlobFault | undefined | Promise<BlobFault | undefined>;

/** A TLS proxy before Blob Storage, where connections break and answers are made up. */
export interface BlobProxy {
  /** As `Azurite.serviceUrl`. */
  serviceUrl(account: AzuriteAccount): string;
  /** Every request that came, in order. */
  readonly requests: readonly BlobRequest[];
  /** From now on the rule decides on each request; without a fault it goes through. */
  intercept(rule: Rule): void;
  /** How many answers are under way. */
  underWay(): number;
  close(): Promise<void>;
}

/** An error as Blob Storage answers it. */
export function storageError(
  status: number,
  code: string,
  headers: Readonly<Record<string, string>> = {},
): BlobFault {
  return {
    kind: "answer",
    status,
    headers: {
      "content-type": "application/xml",
      "x-ms-error-code": code,
      ...headers,
    },
    body: `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>As the test wants it.</Message></Error>`,
  };
}

/** Listings come in pages of so many; answers how many pages there were. */
export function listInPagesOf(proxy: BlobProxy, size: number): () => number {
  let pages = 0;
  proxy.intercept(({ path }) => {
    if (!path.includes("comp=list")) return undefined;
    pages += 1;
    return { kind: "ask", path: `${path}&maxresults=${size}` };
  });
  return () => pages;
}

/** @param target a service's URL, such as Azurite's for one account */
export async function startBlobProxy(target: string): Promise<BlobProxy> {
  const { cert, key } = await trustedCertificate();
  const upstream = new URL(target).origin;
  const requests: BlobRequest[] = [];
  let rule: Rule = () => undefined;
  let underWay = 0;

  const serve = async (
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    const { method = "GET", url: path = "/", headers } = request;
    const asked = { method, path, headers };
    requests.push(asked);
    underWay += 1;
    response.once("close", () => {
      underWay -= 1;
    });
    const fault = await rule(asked);
    if (fault?.kind === "hang") return;
    if (fault?.kind === "answer") {
      request.resume();
      response.writeHead(fault.status, fault.headers).end(fault.body);
    } else await forward(request, response, { upstream, fault });
  };
  const server = createServer({ cert, key }, (request, response) => {
    serve(request, response).catch(() => response.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  return {
    serviceUrl: (account) => `https://127.0.0.1:${port}/${account}`,
    requests,
    intercept(next) {
      rule = next;
    },
    underWay: () => underWay,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

type Passing = Exclude<BlobFault, { kind: "answer" | "hang" }>;

async function forward(
  request: IncomingMessage,
  response: ServerResponse,
  to: { readonly upstream: string; readonly fault: Passing | undefined },
): Promise<void> {
  const { upstream, fault } = to;
  const { method, headers } = request;
  const path = fault?.kind === "ask" ? fault.path : (request.url ?? "/");
  const onward = send(`${upstream}${path}`, { method, headers });
  request.pipe(onward);
  const [answer] = (await once(onward, "response")) as [IncomingMessage];
  if (fault?.kind === "lose") {
    answer.resume();
    await once(answer, "end");
    response.destroy();
    return;
  }
  const added = fault?.kind === "add" ? fault.headers : {};
  response.writeHead(answer.statusCode ?? 500, { ...answer.headers, ...added });
  if (fault?.kind === "cut" || fault?.kind === "stall") {
    await sendFirst(answer, response, fault.afterBytes);
    if (fault.kind === "cut") response.destroy();
  } else await pipeline(answer, response);
}

/** Hands on the first bytes of a body. */
async function sendFirst(
  answer: IncomingMessage,
  response: ServerResponse,
  afterBytes: number,
): Promise<void> {
  let left = afterBytes;
  response.flushHeaders();
  for await (const chunk of answer as AsyncIterable<Uint8Array>) {
    const part = chunk.subarray(0, left);
    left -= part.byteLength;
    await new Promise<unknown>((resolve) => {
      response.write(part, resolve);
    });
    if (left === 0) break;
  }
}
