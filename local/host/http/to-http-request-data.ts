import type { IncomingMessage } from "node:http";
import type {
  HttpRequestData,
  NullableString,
  TypedData,
} from "../typed-data.ts";

/** The request as the worker protocol carries it; repeated query keys and headers are joined with a comma. */
export function toHttpRequestData(
  request: IncomingMessage,
  url: URL,
  params: Readonly<Record<string, string>>,
  body: Buffer,
): HttpRequestData {
  return {
    url: url.href,
    method: request.method ?? "GET",
    nullableHeaders: toNullable(Object.entries(request.headers)),
    nullableQuery: toNullable(url.searchParams),
    nullableParams: toNullable(Object.entries(params)),
    ...(body.length === 0 ? {} : { body: { bytes: body } }),
  };
}

/** Where a request is streamed, the invocation carries none of it. */
export function toEmptyRequestData(): HttpRequestData {
  return {
    url: "",
    method: "",
    nullableHeaders: {},
    nullableQuery: {},
    nullableParams: {},
  };
}

/** What the worker protocol says of a streamed request beside its body: headers, query, and each route parameter. */
export function toStreamMetadata(
  request: IncomingMessage,
  url: URL,
  params: Readonly<Record<string, string>>,
): Record<string, TypedData> {
  const metadata: Record<string, TypedData> = {};
  for (const [name, value] of Object.entries(params))
    metadata[name] = { string: value };
  return {
    ...metadata,
    Headers: toJsonMap(toNullable(Object.entries(request.headers))),
    Query: toJsonMap(toNullable(url.searchParams)),
  };
}

function toJsonMap(
  values: Readonly<Record<string, NullableString>>,
): TypedData {
  return {
    json: JSON.stringify(
      Object.fromEntries(
        Object.entries(values).map(([name, { value }]) => [name, value]),
      ),
    ),
  };
}

function toNullable(
  entries: Iterable<[string, string | string[] | undefined]>,
): Record<string, NullableString> {
  const result: Record<string, NullableString> = Object.create(null) as Record<
    string,
    NullableString
  >;
  for (const [key, value] of entries) {
    if (value === undefined) continue;
    const text = Array.isArray(value) ? value.join(",") : value;
    const earlier = result[key];
    result[key] = {
      value: earlier === undefined ? text : `${earlier.value},${text}`,
    };
  }
  return result;
}

/** The absolute URL of a request; undefined when its target or Host header is malformed. */
export function toRequestUrl(request: IncomingMessage): URL | undefined {
  // Clients that take the host for a proxy send the whole URL.
  const target = (request.url ?? "/").replace(/^https?:\/\/[^/?]+\/?/i, "/");
  const host = request.headers.host ?? "localhost";
  if (!target.startsWith("/") || !/^[\w.:[\]-]+$/.test(host)) return undefined;
  return URL.parse(`http://${host}${target}`) ?? undefined;
}
