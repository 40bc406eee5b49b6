/** The built-in activity that sends the requests of `callHttp`. */
export const httpActivityName = "BuiltIn::HttpActivity";

/** A request of an orchestration (wire names). */
export interface DurableHttpRequest {
  readonly method: string;
  readonly uri: string;
  readonly content?: string | null;
  readonly headers?: Readonly<Record<string, string>> | null;
  readonly tokenSource?: unknown;
  /** A 202 with a Location is polled until it is answered otherwise. */
  readonly asynchronousPatternEnabled?: boolean;
}

/** The answer. Its fields stand in this order, on which `readPoll` relies. */
export interface DurableHttpResponse {
  readonly statusCode: number;
  /** Named as the server wrote them; without those of the content (its type, its length), as on Azure. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly content: string;
}

/** Where and when an accepted request is asked about. */
export interface HttpPoll {
  readonly location: string;
  /** Undefined: the host's default. */
  readonly afterMs: number | undefined;
}

/** What the JSON text of an answer says about polling; undefined when it is a final one. */
export function readPoll(result: string | null): HttpPoll | undefined {
  if (!result?.startsWith('{"statusCode":202,')) return undefined;
  const { headers } = JSON.parse(result) as DurableHttpResponse;
  const location = findHeader(headers, "location");
  if (location === undefined) return undefined;
  const seconds = findHeader(headers, "retry-after") ?? "";
  return {
    location,
    afterMs: /^\d{1,9}$/.test(seconds) ? Number(seconds) * 1000 : undefined,
  };
}

/**
 * The request that asks about an accepted one. It carries no function key, which seldom opens a status endpoint, and
 * credentials to the same origin only.
 */
export function toPollRequest(
  request: DurableHttpRequest,
  location: string,
): DurableHttpRequest {
  const uri = new URL(location, request.uri);
  const withheld = new Set(["x-functions-key", "content-type"]);
  if (uri.origin !== new URL(request.uri).origin) {
    withheld.add("authorization").add("cookie");
  }
  const headers = Object.entries(request.headers ?? {}).filter(
    ([name]) => !withheld.has(name.toLowerCase()),
  );
  return {
    method: "GET",
    uri: uri.href,
    headers: Object.fromEntries(headers),
    asynchronousPatternEnabled: true,
  };
}

function findHeader(
  headers: DurableHttpResponse["headers"] | undefined,
  name: string,
): string | undefined {
  const value = Object.entries(headers ?? {}).find(
    ([key]) => key.toLowerCase() === name,
  )?.[1];
  return typeof value === "string" ? value : value?.[0];
}
