import type { ActivityOutcome } from "../../worker-port.ts";
import {
  exchangeHttp,
  type HttpAnswer,
  type HttpExchange,
} from "./exchange-http.ts";
import type {
  DurableHttpRequest,
  DurableHttpResponse,
} from "./http-messages.ts";

/** The default of the extension's client. */
const TIMEOUT_MS = 100_000;
const MAX_REDIRECTS = 50;

/** Set by the connection, or by what is sent. */
const ownHeaders = new Set([
  "connection",
  "content-length",
  "transfer-encoding",
]);

/** .NET keeps these with the content of an answer, which the extension takes as text alone. */
const contentHeaders = new Set([
  "allow",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-length",
  "content-location",
  "content-md5",
  "content-range",
  "content-type",
  "expires",
  "last-modified",
]);

/** The built-in HTTP activity. `input` is the JSON text of a request, the result that of its answer, whatever its status. */
export async function sendHttp(
  input: string | undefined,
): Promise<ActivityOutcome> {
  try {
    const request = JSON.parse(input ?? "null") as DurableHttpRequest;
    const result = JSON.stringify(await send(request));
    return { kind: "completed", result };
  } catch (error) {
    return { kind: "failed", message: toMessage(error), stack: "" };
  }
}

async function send(request: DurableHttpRequest): Promise<DurableHttpResponse> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  let next = toExchange(request);
  for (let redirects = 0; ; redirects += 1) {
    const answer = await exchangeHttp(next, signal);
    const redirected =
      redirects < MAX_REDIRECTS ? toRedirect(next, answer) : undefined;
    if (redirected === undefined) return toResponse(answer);
    next = redirected;
  }
}

function toExchange(request: DurableHttpRequest): HttpExchange {
  const content = request.content ?? undefined;
  const headers = new Map<string, string | string[]>([
    ["user-agent", "nucleus"],
  ]);
  if (content !== undefined) headers.set("content-type", "text/plain");
  for (const [name, value] of Object.entries(request.headers ?? {})) {
    const key = name.toLowerCase();
    if (key === "content-type" && value.includes("multipart")) {
      throw new Error("Multipart content is not supported with CallHttpAsync.");
    }
    // As on Azure, the type goes with the content only.
    const isUnsent = key === "content-type" && content === undefined;
    if (!isUnsent && !ownHeaders.has(key)) headers.set(key, value);
  }
  return {
    method: request.method.toUpperCase(),
    url: new URL(request.uri),
    headers,
    content,
  };
}

/** The request that a redirection asks for; undefined when the answer is none that is followed. */
function toRedirect(
  from: HttpExchange,
  { statusCode, rawHeaders }: HttpAnswer,
): HttpExchange | undefined {
  if (![301, 302, 303, 307, 308].includes(statusCode)) return undefined;
  const at = rawHeaders.findIndex((name) => name.toLowerCase() === "location");
  const location = rawHeaders[at + 1];
  if (at < 0 || location === undefined) return undefined;
  const url = new URL(location, from.url);
  if (!url.protocol.startsWith("http")) return undefined;
  if (from.url.protocol === "https:" && url.protocol === "http:")
    return undefined;
  const headers = new Map(from.headers);
  headers.delete("authorization");
  headers.delete("host");
  if (url.origin !== from.url.origin) headers.delete("cookie");
  const becomesGet =
    statusCode === 303
      ? from.method !== "HEAD"
      : statusCode < 303 && from.method === "POST";
  if (!becomesGet) return { ...from, url, headers };
  headers.delete("content-type");
  return { method: "GET", url, headers, content: undefined };
}

/** A header that came several times has a list. `readPoll` relies on the order of the fields. */
function toResponse(answer: HttpAnswer): DurableHttpResponse {
  const { statusCode, rawHeaders, content } = answer;
  const headers = new Map<string, { name: string; values: string[] }>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name = "", value = ""] = rawHeaders.slice(at, at + 2);
    const key = name.toLowerCase();
    if (contentHeaders.has(key)) continue;
    const header = headers.get(key) ?? { name, values: [] };
    header.values.push(value);
    headers.set(key, header);
  }
  const entries = [...headers.values()].map(({ name, values }) => [
    name,
    values.length === 1 ? values[0] : values,
  ]);
  return {
    statusCode,
    headers: Object.fromEntries(entries) as DurableHttpResponse["headers"],
    content,
  };
}

function toMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError" || error.name === "AbortError") {
    return `The request was canceled: it took longer than ${TIMEOUT_MS / 1000} seconds.`;
  }
  // An address that several names stand for fails with one error for each.
  const first: unknown =
    error instanceof AggregateError ? error.errors[0] : error;
  return first instanceof Error ? first.message : error.message;
}
