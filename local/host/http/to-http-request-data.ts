import type { IncomingMessage } from "node:http";
import type { HttpRequestData, NullableString } from "../typed-data.ts";

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
  const target = request.url ?? "/";
  const host = request.headers.host ?? "localhost";
  if (!target.startsWith("/") || !/^[\w.:[\]-]+$/.test(host)) return undefined;
  return URL.parse(`http://${host}${target}`) ?? undefined;
}
