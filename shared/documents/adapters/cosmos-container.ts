import {
  CosmosClient,
  type Container,
  type FeedOptions,
  type OperationInput,
  type OperationResponse,
} from "@azure/cosmos";
import type { TokenCredential } from "@azure/identity";
import { statusOf, toAzureFailure } from "../../azure/to-azure-failure.ts";
import { NucleusError } from "../../kernel/errors.ts";
import type { PartitionKey } from "../document-store.ts";
import type { CosmosQuery } from "./cosmos-query.ts";

export interface CosmosContainerOptions {
  /** The account's URL, such as `https://name.documents.azure.com`. */
  readonly endpoint: string;
  readonly databaseId: string;
  readonly containerId: string;
  readonly credential: TokenCredential;
  /** The longest time for one request with its retries, in milliseconds; default 15 000. */
  readonly timeoutMs?: number;
  /** How often a throttled request is sent again, each time after the wait that the service asked for; default 5. */
  readonly throttleRetries?: number;
  /** Told what each request was charged, in request units, except for the SDK's own metadata and query plans. */
  readonly onCharge?: (requestUnits: number) => void;
}

/** The requests that the store makes. Whatever they fail with is a NucleusError. */
export interface CosmosContainer {
  /** The item as the service sent it; absent when there is none. */
  read(partition: PartitionKey, itemId: string): Promise<unknown>;
  /** One result per operation, whether the batch was applied or refused. */
  batch(
    partition: PartitionKey,
    operations: OperationInput[],
  ): Promise<readonly OperationResponse[]>;
  /**
   * The query's results in as many pages as the service likes, empty ones included. Without a scope no key is sent: the
   * service routes by the tenant that the text names, and knows no key that is only a prefix of the whole.
   */
  pages(
    within: { readonly tenantId: string; readonly scope: string | undefined },
    query: CosmosQuery,
    pageSize: number,
  ): AsyncGenerator<readonly unknown[]>;
  /** Asks for the container's definition: whether it is there, and whether the identity may use it. */
  ping(): Promise<void>;
  close(): void;
}

/** The service's own bound for a page of results. */
const maxPageSize = 1000;

/**
 * Signs in with Entra ID tokens only and reads within one session, so that this process sees its own writes. Requests
 * go to the account's own name, which follows the write region: with endpoint discovery the SDK would look for other
 * regions for two minutes before it says that the account does not answer.
 */
export function createCosmosContainer(
  options: CosmosContainerOptions,
): CosmosContainer {
  const { timeoutMs = 15_000, throttleRetries = 5, onCharge } = options;
  const client = new CosmosClient({
    endpoint: options.endpoint,
    aadCredentials: options.credential,
    consistencyLevel: "Session",
    connectionPolicy: {
      enableEndpointDiscovery: false,
      retryOptions: {
        maxRetryAttemptCount: throttleRetries,
        maxWaitTimeInSeconds: timeoutMs / 1000,
      },
    },
  });
  const container = client
    .database(options.databaseId)
    .container(options.containerId);
  const inTime = () => ({ abortSignal: AbortSignal.timeout(timeoutMs) });
  const charge = (requestUnits: unknown) => onCharge?.(Number(requestUnits));
  const tamed = <T>(request: () => Promise<T>): Promise<T> =>
    request().catch((error: unknown) => {
      charge(chargeOf(error));
      throw toFailure(error);
    });

  return {
    read: (partition, itemId) =>
      tamed(async () => {
        const item = container.item(itemId, toKey(partition));
        const answer = await item.read<object>(inTime());
        charge(answer.requestCharge);
        // 404 with a substatus: the container is missing, or its replica is behind this session.
        if (answer.statusCode === 404 && Boolean(answer.substatus)) {
          throw new NucleusError("store_unavailable");
        }
        return answer.resource;
      }),

    batch: (partition, operations) =>
      tamed(async () => {
        const answer = await container.items.batch(
          operations,
          toKey(partition),
          { ...inTime(), contentResponseOnWriteEnabled: false },
        );
        charge(answer.headers["x-ms-request-charge"]);
        return answer.result ?? [];
      }),

    async *pages({ tenantId, scope }, query, pageSize) {
      const feed = openFeed(container, query, {
        ...inTime(),
        maxItemCount: Math.min(pageSize, maxPageSize),
        ...(scope !== undefined && {
          partitionKey: toKey({ tenantId, scope }),
        }),
      });
      while (feed.hasMoreResults()) {
        const page = await tamed(() => feed.fetchNext());
        charge(page.requestCharge);
        // Absent, against its type, when the partitions that the SDK merges gave nothing yet.
        yield page.resources ?? [];
      }
    },

    ping: () => tamed(async () => void (await container.read(inTime()))),

    close: () => client.dispose(),
  };
}

function openFeed(
  container: Container,
  { text, parameters, isScan }: CosmosQuery,
  options: FeedOptions,
) {
  return container.items.query<unknown>(
    { query: text, parameters },
    { ...options, enableScanInQuery: isScan },
  );
}

function toKey(partition: {
  readonly tenantId: string;
  readonly scope: string;
}): string[] {
  return [partition.tenantId, partition.scope];
}

/** 403 for another reason than a missing role: the region takes no writes, or the account is being moved. */
const regionSubstatuses: ReadonlySet<unknown> = new Set([3, 1008]);

/** The SDK wraps what a batch fails with. */
function toFailure(thrown: unknown): NucleusError {
  const error = unwrapped(thrown);
  const status = statusOf(error);
  if (status === 400 || status === 413) {
    return new NucleusError("document_invalid");
  }
  if (status === 403 && regionSubstatuses.has(fieldOf(error, "substatus"))) {
    return new NucleusError("store_unavailable");
  }
  return toAzureFailure(error, {
    service: "documents",
    unavailable: "store_unavailable",
    throttled: "store_throttled",
  });
}

function chargeOf(thrown: unknown): unknown {
  const headers = fieldOf(unwrapped(thrown), "headers");
  return fieldOf(headers, "x-ms-request-charge") ?? 0;
}

function unwrapped(thrown: unknown): unknown {
  return fieldOf(thrown, "cause") ?? thrown;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
