import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { systemNow, type Now } from "../../../shared/kernel/clock.ts";
import type { CosmosPolicy } from "../../../shared/documents/cosmos-policy.ts";
import { trustedCertificate } from "../certificate.ts";
import type { Identity } from "../identity.ts";
import {
  createContainerRoutes,
  type Answer,
  type RequestKind,
} from "./container-routes.ts";
import { charges } from "./charges.ts";
import { CosmosRefusal } from "./refusal.ts";

/**
 * An account of Cosmos DB with one database and one container, over TLS, as far as documents are concerned.
 *
 * Enforced as by the service: Entra ID tokens for this account and the data-plane role; hierarchical partition keys, which
 * headers name whole and conditions whole or as a prefix; legal ids; 2 MB for an item and for a request, 100 operations for a batch; transactional
 * batches with 207 and 424; conditions (404, 409, 412); the item's own time to live; indexes (filters on excluded paths
 * need the scan header, ORDER BY over several paths its composite index); pages with continuation; physical partitions,
 * across which ORDER BY is not served but planned, and which the SDK then asks one by one without a key; session tokens.
 *
 * Stricter than the service: a query that fixes no tenant in its condition, or compares with a literal, is refused.
 *
 * Not enforced: throughput (429 comes on demand), replication, other regions and consistency levels, splits while
 * running, server-side scripts, unique keys, change feed, patch, single writes, SQL beyond what `sql-parser.ts` knows;
 * hashes and charges are approximations (`partitions.ts`, `charges.ts`); a continuation counts results and does not
 * survive writes in between.
 */
export interface Cosmos {
  readonly endpoint: string;
  readonly databaseId: string;
  readonly containerId: string;
  /** The data requests that were answered, in order. */
  readonly requests: readonly CosmosRequest[];
  /** The next data requests are answered 429 and asked to wait. */
  throttleNext(count: number, retryAfterMs: number): void;
  /** The next data request gets no answer. */
  hangNext(): void;
  /** Whether the identity has the data-plane role; it does at first. */
  setRole(hasRole: boolean): void;
  /** What all data requests were charged, in request units. */
  charged(): number;
  /** Every item as JSON, as it lies in the container. */
  items(): readonly string[];
  close(): Promise<void>;
}

export interface CosmosRequest {
  readonly kind: RequestKind;
  readonly status: number;
  readonly sessionToken: string | undefined;
  readonly requestCharge: number;
}

export interface CosmosOptions {
  readonly identity: Identity;
  readonly policy: CosmosPolicy;
  readonly now?: Now;
  /** Tenants that lie in two physical partitions each. */
  readonly splitTenants?: readonly string[];
  /** The longest page that a query gets, however much it asks for; default 100. */
  readonly maxPageItems?: number;
  /** Whether queries begin with an empty page, as the service may answer at any time. */
  readonly isSparse?: boolean;
}

const databaseId = "nucleus";
const containerId = "documents";
const maxRequestBytes = 2 * 1024 * 1024;

export async function startCosmos(options: CosmosOptions): Promise<Cosmos> {
  const { identity, now = systemNow } = options;
  const { cert, key } = await trustedCertificate();
  const requests: CosmosRequest[] = [];
  let hasRole = true;
  let isHanging = false;
  let throttles = { count: 0, retryAfterMs: 0 };
  let endpoint = "";
  const routes = createContainerRoutes({
    ...options,
    now,
    databaseId,
    containerId,
  });

  const authorize = async (request: IncomingMessage): Promise<void> => {
    const sent = decodeURIComponent(request.headers.authorization ?? "");
    const token = /^type=aad&ver=1\.0&sig=(.+)$/.exec(sent)?.[1];
    if (!(await identity.accepts(`Bearer ${token}`, [endpoint]))) {
      throw new CosmosRefusal(
        401,
        "The input authorization token can't serve the request.",
      );
    }
    if (!hasRole) {
      throw new CosmosRefusal(
        403,
        "Request blocked by Auth: principal does not have required RBAC permissions to perform action.",
        { substatus: 5301 },
      );
    }
  };

  const throttle = (): void => {
    if (throttles.count === 0) return;
    throttles = { ...throttles, count: throttles.count - 1 };
    throw new CosmosRefusal(429, "The request rate is too large.", {
      substatus: 3200,
      headers: { "x-ms-retry-after-ms": String(throttles.retryAfterMs) },
    });
  };

  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const kind = routes.kindOf(request);
    let answered: Answer;
    try {
      const body = await bodyOf(request);
      await authorize(request);
      if (kind !== "metadata" && kind !== "plan") throttle();
      answered = routes.answer(request, body, endpoint);
    } catch (error) {
      answered = toAnswer(error);
    }
    requests.push({
      kind,
      status: answered.status,
      sessionToken: headerOf(request, "x-ms-session-token"),
      requestCharge: answered.requestCharge,
    });
    return answered;
  };

  const server = createServer({ cert, key }, (request, response) => {
    if (isHanging && routes.kindOf(request) !== "plan") {
      isHanging = false;
      return;
    }
    void answer(request).then((answered) => send(response, answered));
  }).listen(0, "127.0.0.1");
  const sockets = new Set<Duplex>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await once(server, "listening");
  endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    endpoint,
    databaseId,
    containerId,
    requests,
    throttleNext(count, retryAfterMs) {
      throttles = { count, retryAfterMs };
    },
    hangNext() {
      isHanging = true;
    },
    setRole(value) {
      hasRole = value;
    },
    charged: () =>
      requests.reduce((sum, { requestCharge }) => sum + requestCharge, 0),
    items: () => routes.items(),
    async close() {
      if (!server.listening) return;
      server.close();
      // Not `closeAllConnections`, which does not know those that are still shaking hands.
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks);
  if (text.length > maxRequestBytes) {
    throw new CosmosRefusal(413, "Request size is too large.");
  }
  return text.length === 0 ? undefined : JSON.parse(text.toString("utf8"));
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  return [request.headers[name]].flat()[0];
}

function toAnswer(error: unknown): Answer {
  const refusal =
    error instanceof CosmosRefusal
      ? error
      : new CosmosRefusal(400, "One of the specified inputs is invalid.");
  const { status, substatus, headers, extra, message } = refusal;
  return {
    status,
    requestCharge: status === 404 ? charges.missing : 0,
    headers: {
      ...headers,
      ...(substatus !== undefined && { "x-ms-substatus": String(substatus) }),
    },
    body: { code: String(status), message, ...extra },
  };
}

function send(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, {
    "content-type": "application/json",
    "x-ms-activity-id": randomUUID(),
    "x-ms-request-charge": String(answer.requestCharge),
    ...answer.headers,
  });
  response.end(JSON.stringify(answer.body));
}
