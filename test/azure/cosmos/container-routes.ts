import type { IncomingMessage } from "node:http";
import { z } from "zod";
import type { CosmosPolicy } from "../../../shared/documents/cosmos-policy.ts";
import type { Now } from "../../../shared/kernel/clock.ts";
import { charges } from "./charges.ts";
import { createItems } from "./items.ts";
import { toPhysicalPartitions } from "./partitions.ts";
import { CosmosRefusal } from "./refusal.ts";
import { runBatch } from "./run-batch.ts";
import { createQueryRunner } from "./run-query.ts";

export type RequestKind = "read" | "batch" | "query" | "plan" | "metadata";

export interface Answer {
  readonly status: number;
  readonly requestCharge: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

interface ContainerRoutesOptions {
  readonly policy: CosmosPolicy;
  readonly now: Now;
  readonly databaseId: string;
  readonly containerId: string;
  readonly splitTenants?: readonly string[];
  readonly maxPageItems?: number;
  readonly isSparse?: boolean;
}

interface ContainerRoutes {
  kindOf(request: IncomingMessage): RequestKind;
  /** @throws CosmosRefusal */
  answer(request: IncomingMessage, body: unknown, endpoint: string): Answer;
  items(): readonly string[];
}

/** Eight bytes, of the database and the container: the SDK looks at the length. */
const resourceId = Buffer.from([1, 0, 0, 0, 1, 0, 0, 0]).toString("base64");

/** What the account and its one container answer to an authorised request. */
export function createContainerRoutes(
  options: ContainerRoutesOptions,
): ContainerRoutes {
  const { policy, now, databaseId, containerId, maxPageItems = 100 } = options;
  const path = `/dbs/${databaseId}/colls/${containerId}`;
  const items = createItems(now);
  const partitions = toPhysicalPartitions(options.splitTenants ?? []);
  const queries = createQueryRunner({
    items,
    policy,
    partitions,
    isSparse: options.isSparse ?? false,
  });
  const session = createSession();

  const read = (request: IncomingMessage, id: string): Answer => {
    const item = items.find(keyOf(request) ?? [], id);
    if (!item) {
      throw new CosmosRefusal(404, "Resource Not Found.", {
        headers: session.headers(path),
      });
    }
    return {
      status: 200,
      requestCharge: charges.read(item.bytes),
      headers: { etag: item.etag, ...session.headers(path) },
      body: item.body,
    };
  };

  const batch = (request: IncomingMessage, body: unknown): Answer => {
    if (headerOf(request, "x-ms-cosmos-batch-atomic") !== "true") {
      throw new CosmosRefusal(400, "Only atomic batches are served here.");
    }
    const { status, results } = runBatch(
      items,
      policy,
      keyOf(request) ?? [],
      body,
    );
    if (status === 200) session.advance();
    const isMinimal = headerOf(request, "prefer") === "return=minimal";
    return {
      status,
      requestCharge: results.reduce((sum, each) => sum + each.requestCharge, 0),
      headers: session.headers(path),
      body: isMinimal
        ? results.map((each) => ({ ...each, resourceBody: undefined }))
        : results,
    };
  };

  const query = (request: IncomingMessage, body: unknown): Answer => {
    const asked = Number(headerOf(request, "x-ms-max-item-count") ?? 100);
    const page = queries.run(body, {
      key: keyOf(request),
      partitionId: headerOf(request, "x-ms-documentdb-partitionkeyrangeid"),
      isScanAllowed:
        headerOf(request, "x-ms-documentdb-query-enable-scan") === "true",
      continuation: headerOf(request, "x-ms-continuation"),
      pageSize: Math.min(asked, maxPageItems),
    });
    return {
      status: 200,
      requestCharge: page.requestCharge,
      headers: {
        ...session.headers(path),
        ...(page.continuation !== undefined && {
          "x-ms-continuation": page.continuation,
        }),
      },
      body: {
        _rid: resourceId,
        Documents: page.documents,
        _count: page.documents.length,
      },
    };
  };

  return {
    kindOf: (request) => kindOf(request, path),
    answer(request, body, endpoint) {
      session.require(headerOf(request, "x-ms-session-token"));
      const kind = kindOf(request, path);
      switch (kind) {
        case "read":
          return read(request, idOf(request, path));
        case "batch":
          return batch(request, body);
        case "query":
          return query(request, body);
        case "plan":
          return metadata(queries.plan(body));
        case "metadata":
          return metadata(
            metadataOf(request, { path, endpoint, partitions, ...options }),
          );
        default:
          return kind satisfies never;
      }
    },
    items: () => items.all().map(({ body }) => JSON.stringify(body)),
  };
}

function metadata(body: object): Answer {
  return { status: 200, requestCharge: charges.metadata, body };
}

function kindOf(request: IncomingMessage, path: string): RequestKind {
  const url = request.url ?? "";
  if (request.method === "GET") {
    return url.startsWith(`${path}/docs/`) ? "read" : "metadata";
  }
  if (request.method !== "POST" || url !== `${path}/docs`) return "metadata";
  if (headerOf(request, "x-ms-cosmos-is-query-plan-request")) return "plan";
  if (headerOf(request, "x-ms-documentdb-isquery")) return "query";
  return headerOf(request, "x-ms-cosmos-is-batch-request")
    ? "batch"
    : "metadata";
}

function idOf(request: IncomingMessage, path: string): string {
  return decodeURIComponent((request.url ?? "").slice(`${path}/docs/`.length));
}

function metadataOf(
  request: IncomingMessage,
  known: ContainerRoutesOptions & {
    readonly path: string;
    readonly endpoint: string;
    readonly partitions: ReturnType<typeof toPhysicalPartitions>;
  },
): object {
  const location = { name: "Here", databaseAccountEndpoint: known.endpoint };
  const answers: Readonly<Record<string, object>> = {
    "GET /": {
      id: "account",
      writableLocations: [location],
      readableLocations: [location],
      enableMultipleWriteLocations: false,
      userConsistencyPolicy: { defaultConsistencyLevel: "Session" },
    },
    [`GET ${known.path}`]: {
      id: known.containerId,
      _rid: resourceId,
      ...known.policy,
    },
    [`GET ${known.path}/pkranges`]: {
      _rid: resourceId,
      PartitionKeyRanges: known.partitions.map(({ id, min, max }) => ({
        id,
        minInclusive: min,
        maxExclusive: max,
        status: "online",
        parents: [],
      })),
    },
  };
  const answer = answers[`${request.method} ${request.url}`];
  if (answer) return answer;
  if (request.method !== "GET") {
    throw new CosmosRefusal(405, "This endpoint does not serve that.");
  }
  throw new CosmosRefusal(404, "Owner resource does not exist", {
    substatus: 1003,
  });
}

const Key = z.array(z.string()).min(1).max(2);

function keyOf(request: IncomingMessage): string[] | undefined {
  const header = headerOf(request, "x-ms-documentdb-partitionkey");
  return header === undefined ? undefined : Key.parse(JSON.parse(header));
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  return [request.headers[name]].flat()[0];
}

/** One log of writes for all partitions. A token that is ahead of it is one that this container never gave. */
function createSession() {
  let written = 1;
  return {
    advance() {
      written += 1;
    },
    headers: (path: string) => ({
      "x-ms-session-token": `0:-1#${written}`,
      "x-ms-alt-content-path": path.slice(1),
      "x-ms-content-path": resourceId,
    }),
    require(token: string | undefined) {
      const seen = Number(/^0:-1#(\d+)/.exec(token ?? "")?.[1] ?? 0);
      if (seen > written) {
        throw new CosmosRefusal(404, "The read session is not available.", {
          substatus: 1002,
        });
      }
    },
  };
}
