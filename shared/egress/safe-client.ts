import type { IncomingHttpHeaders } from "node:http";
import { Agent, type Dispatcher } from "undici";
import type { Content } from "../kernel/content.ts";
import {
  EgressFault,
  toEgressError,
  type EgressCodes,
} from "./egress-fault.ts";
import { createEgressPolicy, type EgressPolicy } from "./egress-policy.ts";
import { createGuardedConnector, type Resolve } from "./guarded-connector.ts";
import { codingOf, readBody } from "./response-body.ts";

const maxRedirects = 5;
const discardBytes = 16 * 1024;
const discardMs = 1000;
const redirectStatuses: ReadonlySet<number> = new Set([
  301, 302, 303, 307, 308,
]);
/** What a request may tell another origin than the one it was meant for: no credentials, however they are named. */
const crossOriginHeaders: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "accept-language",
  "user-agent",
]);

interface SafeClientOptions {
  /** `host:port` exceptions, as `parseEgressAllow` gives them. */
  readonly allow: readonly string[];
  /** All addresses of a host name; the system's resolver unless given. */
  readonly resolve?: Resolve;
  readonly connectTimeoutMs?: number;
  /** How long the other side may be silent, before its headers and between two pieces of the body. */
  readonly idleTimeoutMs?: number;
}

export interface EgressRequest {
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
  /** From the call to the last byte of the body. */
  readonly timeoutMs: number;
  /** Of the body, on the wire and unpacked; a larger one throws while it is read, not before. */
  readonly maxBytes: number;
  /**
   * `follow` (GET only) checks each hop like the first and hands back the last answer; `manual`, the default,
   * hands back the redirect itself.
   */
  readonly redirects?: "follow" | "manual";
  readonly codes: EgressCodes;
}

export interface EgressResponse {
  readonly status: number;
  /** Names in lower case; repeated ones joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of the body as it will be read, when the other side declares it. */
  readonly sizeBytes?: number;
  /** Iterate it or `discard()` it: until then it holds a connection, at the longest for `timeoutMs`. */
  readonly body: AsyncIterable<Uint8Array>;
  discard(): Promise<void>;
}

/** The one door for calls to addresses that users give. */
export interface SafeClient {
  /**
   * @throws NucleusError with one of `codes`, from the call and from the iteration of the body. HTTP errors are answers,
   * not exceptions.
   */
  fetch(url: Content, request: EgressRequest): Promise<EgressResponse>;
  /** Whether a URL may be kept for later calls, as far as can be said without resolving its name. */
  isAllowed(url: Content): boolean;
  /** Lets running calls end, then closes the idle connections. */
  close(): Promise<void>;
}

/**
 * A client that calls only https on the public internet, and what `allow` adds.
 *
 * S1. Every hop's URL passes the policy, and every socket is connected to an address that was checked when its name was
 *     resolved, once.
 * S2. Time and bytes are bounded whatever the other side does.
 * S3. No cookie, no proxy of the environment, no HTTP cache; TLS certificates are verified.
 * S4. Errors and their causes say nothing of the URL.
 *
 * It uses undici's Agent rather than `fetch`, which would follow, decode and buffer on its own, and rather than
 * node:http, whose instrumentation records URLs (who could still listen: `egressObservers`).
 */
export function createSafeClient({
  allow,
  resolve,
  connectTimeoutMs = 10_000,
  idleTimeoutMs = 30_000,
}: SafeClientOptions): SafeClient {
  const policy = createEgressPolicy(allow);
  const agent = new Agent({
    connect: createGuardedConnector({
      policy,
      timeoutMs: connectTimeoutMs,
      ...(resolve && { resolve }),
    }),
    headersTimeout: idleTimeoutMs,
    bodyTimeout: idleTimeoutMs,
    keepAliveMaxTimeout: 30_000,
    allowH2: false,
  });

  return {
    async fetch(url, request) {
      const signal = AbortSignal.any([
        AbortSignal.timeout(request.timeoutMs),
        ...(request.signal ? [request.signal] : []),
      ]);
      try {
        const answer = await follow({ agent, policy, request, signal, url });
        return toResponse(answer, request, signal);
      } catch (thrown) {
        throw toEgressError(thrown, signal, request.codes);
      }
    },
    isAllowed(url) {
      const parsed = URL.parse(url.revealText());
      return parsed !== null && policy.admits(parsed);
    },
    close: () => agent.close(),
  };
}

interface Exchange {
  readonly agent: Agent;
  readonly policy: EgressPolicy;
  readonly request: EgressRequest;
  readonly signal: AbortSignal;
}

async function follow(
  exchange: Exchange & { readonly url: Content },
): Promise<Dispatcher.ResponseData> {
  const { request, url } = exchange;
  const follows = request.redirects === "follow" && request.method !== "POST";
  let target = URL.parse(url.revealText());
  let headers = withDefaults(request.headers);
  for (let hops = 0; target !== null && hops <= maxRedirects; hops += 1) {
    const answer = await send(exchange, target, headers);
    const location = follows ? locationOf(answer) : undefined;
    if (location === undefined) return answer;
    await discard(answer.body);
    const next: URL | null = URL.parse(location, target.href);
    if (next?.protocol === "http:" && target.protocol === "https:") break;
    if (next?.origin !== target.origin) headers = withoutSecrets(headers);
    target = next;
  }
  throw new EgressFault("refused");
}

async function send(
  { agent, policy, request, signal }: Exchange,
  target: URL,
  headers: Readonly<Record<string, string>>,
): Promise<Dispatcher.ResponseData> {
  if (!policy.admits(target)) throw new EgressFault("refused");
  const answer = agent.request({
    origin: target.origin,
    path: target.pathname + target.search,
    method: request.method ?? "GET",
    headers,
    body: request.body ?? null,
    signal,
  });
  return untilAborted(answer, signal);
}

/** undici notices the signal only once a connection is there; a slow resolver or handshake must not outlast it. */
async function untilAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(new EgressFault("timeout"));
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function toResponse(
  answer: Dispatcher.ResponseData,
  request: EgressRequest,
  signal: AbortSignal,
): EgressResponse {
  const headers = toHeaders(answer.headers);
  const coding = codingOf(headers["content-encoding"]);
  const length = Number(headers["content-length"] ?? Number.NaN);

  async function* body(): AsyncGenerator<Uint8Array> {
    try {
      if (length > request.maxBytes) {
        await discard(answer.body);
        throw new EgressFault("tooLarge");
      }
      yield* readBody(answer.body, { coding, maxBytes: request.maxBytes });
    } catch (thrown) {
      throw toEgressError(thrown, signal, request.codes);
    }
  }

  return {
    status: answer.statusCode,
    headers,
    ...(coding === undefined && Number.isSafeInteger(length)
      ? { sizeBytes: length }
      : {}),
    body: body(),
    discard: () => discard(answer.body),
  };
}

/** Reads a short rest, so that the connection can be used again, or gives the connection up. */
async function discard(body: Dispatcher.ResponseData["body"]): Promise<void> {
  const signal = AbortSignal.timeout(discardMs);
  body.on("error", () => undefined);
  await body.dump({ limit: discardBytes, signal }).catch(() => undefined);
}

function locationOf(answer: Dispatcher.ResponseData): string | undefined {
  if (!redirectStatuses.has(answer.statusCode)) return undefined;
  const { location } = answer.headers;
  return typeof location === "string" ? location : undefined;
}

function withDefaults(
  headers: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const given = Object.entries(headers).map(([name, value]) => [
    name.toLowerCase(),
    value,
  ]);
  return {
    "accept-encoding": "identity",
    "user-agent": "Nucleus",
    ...Object.fromEntries(given),
  };
}

function withoutSecrets(
  headers: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => crossOriginHeaders.has(name)),
  );
}

function toHeaders(raw: IncomingHttpHeaders): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(raw))
    if (value !== undefined)
      headers[name] = Array.isArray(value) ? value.join(", ") : value;
  return headers;
}
