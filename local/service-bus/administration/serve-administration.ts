import type {
  IncomingMessage,
  RequestListener,
  ServerResponse,
} from "node:http";
import type { Authorize } from "../authorize.ts";
import type { Broker } from "../broker.ts";
import { findEntities, type FoundEntities } from "./find-entities.ts";
import {
  toEntityEntry,
  toEntityFeed,
  toNamespaceEntry,
  toRefusal,
} from "./to-atom.ts";

export interface AdministrationOptions {
  readonly broker: Broker;
  /** Absent where every token is taken. */
  readonly authorize: Authorize | undefined;
  /** When the endpoint was started, in milliseconds since the epoch. */
  readonly startedAt: number;
  readonly isSecure: boolean;
}

/** What is answered; all bodies are XML. */
interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Service Bus' largest page of entities. */
const MAX_PAGE = 100;

/**
 * Serves the reads of Service Bus' administration protocol (ATOM over HTTP): the namespace; queues, topics, subscriptions
 * and rules, one or by page, with settings and counts. They are the app's own declaration, so writes are refused.
 */
export function createAdministration(
  options: AdministrationOptions,
): RequestListener {
  return (request, response) => {
    void answer(request, options).then((answered) => send(response, answered));
  };
}

async function answer(
  request: IncomingMessage,
  options: AdministrationOptions,
): Promise<Answer> {
  if (!(await isAuthorized(request, options.authorize))) {
    return refuse(
      401,
      "Manage,EntityRead claims required for this operation. The authorization header is missing, or its token is not accepted.",
    );
  }
  if (request.method !== "GET") {
    return refuse(
      403,
      "SubCode=40301. The queues and topics of this endpoint are what the app declares; they cannot be created, changed or deleted here.",
    );
  }
  return read(toUrl(request, options.isSecure), options);
}

/**
 * Without `authorize` any credentials will do, as for AMQP; but they must be there, which keeps web pages out: a
 * browser does not send that header to another origin unasked.
 */
async function isAuthorized(
  { headers: { authorization } }: IncomingMessage,
  authorize: Authorize | undefined,
): Promise<boolean> {
  if (authorization === undefined) return false;
  if (authorize === undefined) return true;
  const token = /^Bearer (\S+)$/i.exec(authorization)?.[1];
  return token !== undefined && (await authorize(token));
}

function toUrl(request: IncomingMessage, isSecure: boolean): URL | undefined {
  const origin = `${isSecure ? "https" : "http"}://${request.headers.host ?? "localhost"}`;
  return URL.parse(request.url ?? "/", origin) ?? undefined;
}

function read(
  url: URL | undefined,
  { broker, startedAt }: AdministrationOptions,
): Answer {
  const path = url && decode(url.pathname);
  if (url === undefined || path === undefined) {
    return refuse(400, "SubCode=40000. The request's address is malformed.");
  }
  switch (path.toLowerCase()) {
    case "$namespaceinfo":
      return ok(toNamespaceEntry(url, startedAt));
    default:
      return readEntities(url, findEntities(broker, path, url));
  }
}

/** Service Bus answers for what is not there with the feed of all that is public, which is empty. */
function readEntities(url: URL, found: FoundEntities | undefined): Answer {
  if (found === undefined) {
    return ok(toEntityFeed(url, "Publicly Listed Services", [], undefined));
  }
  if (found.kind === "entry") return ok(toEntityEntry(url, found.entity));
  const skip = readCount(url, "$skip", 0);
  const top = readCount(url, "$top", MAX_PAGE);
  if (skip === undefined || top === undefined) {
    return refuse(400, "SubCode=40000. $skip and $top must be numbers.");
  }
  const { title, entities } = found;
  const end = skip + Math.min(top, MAX_PAGE);
  return ok(
    toEntityFeed(
      url,
      title,
      entities.slice(skip, end),
      end < entities.length ? end : undefined,
    ),
  );
}

/** A number of the query; `fallback` when it is absent, undefined when it is none. */
function readCount(
  url: URL,
  name: string,
  fallback: number,
): number | undefined {
  const text = url.searchParams.get(name) ?? String(fallback);
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function decode(pathname: string): string | undefined {
  try {
    return decodeURIComponent(pathname).replaceAll(/^\/+|\/+$/gu, "");
  } catch {
    return undefined;
  }
}

const ok = (body: string): Answer => ({ status: 200, body });

const refuse = (status: number, detail: string): Answer => ({
  status,
  body: toRefusal(status, detail),
});

function send(response: ServerResponse, { status, body }: Answer): void {
  response
    .writeHead(status, {
      "content-type":
        status === 200
          ? "application/atom+xml;charset=utf-8"
          : "application/xml; charset=utf-8",
      "content-length": Buffer.byteLength(body),
      "cache-control": "no-store",
    })
    .end(body);
}
