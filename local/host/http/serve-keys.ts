import type { IncomingMessage, ServerResponse } from "node:http";
import type { HostKeys, KeyScope } from "../host-keys.ts";
import { shortestKey } from "../key-files.ts";
import { discardBody, readBody } from "./read-body.ts";
import { sendEmpty, sendJson, sendText } from "./send-json.ts";

export interface ServeKeysOptions {
  readonly keys: HostKeys;
  readonly hasFunction: (name: string) => boolean;
  /** Opens the durable endpoints; a system key that only the file of its own changes. */
  readonly durableKey: string;
}

/**
 * Answers `/admin/host/{keys|functionkeys|systemkeys}/…` and `/admin/functions/{name}/keys/…` as Azure's host does, the
 * key of the request being checked already; false for a path that is no such one.
 */
export type ServeKeys = (
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
) => Promise<boolean>;

/** The keys, or the one key, that a path means. */
interface KeyPath {
  readonly scope: KeyScope;
  readonly keyName: string | undefined;
}

interface KeyRequest extends KeyPath {
  readonly keyName: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The request's URL without its query. */
  readonly href: string;
}

const masterName = "_master";
const durableName = "durabletask_extension";
const bodyLimitBytes = 64 * 1024;

export function createServeKeys(options: ServeKeysOptions): ServeKeys {
  return async (request, response, url) => {
    const path = readKeyPath(url.pathname);
    if (path === undefined) return false;
    const { scope, keyName } = path;
    const href = url.origin + url.pathname;
    if (typeof scope !== "string" && !options.hasFunction(scope.functionName))
      sendEmpty(response, 404);
    else if (keyName !== undefined)
      await answerKey(options, { scope, keyName, request, response, href });
    else if (request.method === "GET") {
      const keys = listKeys(options, scope).map(toPair);
      sendJson(response, 200, { keys, links: toLinks(href) });
    } else sendEmpty(response, 405);
    return true;
  };
}

const hostScopes: Readonly<Record<string, KeyScope>> = {
  keys: "functionKeys",
  functionkeys: "functionKeys",
  systemkeys: "systemKeys",
};

function readKeyPath(pathname: string): KeyPath | undefined {
  const match =
    /^\/admin\/(?:host\/(?<kind>keys|functionkeys|systemkeys)|functions\/(?<functionName>[\w-]+)\/keys)(?:\/(?<keyName>[^/]+))?\/?$/i.exec(
      pathname,
    );
  if (match?.groups === undefined) return undefined;
  const { kind = "", functionName, keyName } = match.groups;
  const hostScope = hostScopes[kind.toLowerCase()] ?? "functionKeys";
  return {
    scope: functionName === undefined ? hostScope : { functionName },
    keyName: keyName === undefined ? undefined : decode(keyName),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function answerKey(
  options: ServeKeysOptions,
  asked: KeyRequest,
): Promise<void> {
  const { scope, keyName, request, response } = asked;
  const isDurable = scope === "systemKeys" && isSameName(keyName, durableName);
  if (request.method === "GET") sendKey(options, asked);
  else if (isDurable)
    sendText(response, 409, {
      type: "text/plain; charset=utf-8",
      text: `The key ${durableName} is made anew at the next start when its file, system-key, is deleted.`,
    });
  else if (request.method === "POST") setKey(options, asked, undefined);
  else if (request.method === "PUT") await putKey(options, asked);
  else if (request.method === "DELETE") removeKey(options, asked);
  else sendEmpty(response, 405);
}

function sendKey(
  options: ServeKeysOptions,
  { scope, keyName, response, href }: KeyRequest,
): void {
  const master = { name: masterName, value: options.keys.masterKey };
  const found = [
    ...listKeys(options, scope),
    ...(scope === "systemKeys" ? [master] : []),
  ].find(({ name }) => isSameName(name, keyName));
  if (found === undefined) sendEmpty(response, 404);
  else
    sendJson(response, 200, {
      name: keyName,
      value: found.value,
      links: toLinks(href),
    });
}

/** A null value is no value; a value that could open nothing after the next start is none either. */
async function putKey(
  options: ServeKeysOptions,
  asked: KeyRequest,
): Promise<void> {
  const { request, response } = asked;
  const read = await readBody(request, bodyLimitBytes);
  if (read.kind === "aborted") return;
  if (read.kind === "too-large") {
    sendEmpty(response, 413);
    discardBody(request);
    return;
  }
  const value = parseValue(read.body.toString("utf8"));
  if (value === undefined) refuse(response, "Invalid key value");
  else setKey(options, asked, value);
}

function parseValue(text: string): string | undefined {
  try {
    const { value } = JSON.parse(text) as { value?: unknown };
    return typeof value === "string" && value.length >= shortestKey
      ? value
      : undefined;
  } catch {
    return undefined;
  }
}

/** The master key is a host key, whichever scope names it. */
function setKey(
  { keys }: ServeKeysOptions,
  { scope, keyName, response, href }: KeyRequest,
  value: string | undefined,
): void {
  const isMaster = typeof scope === "string" && isSameName(keyName, masterName);
  const { key, isNew } = isMaster
    ? keys.setMaster(value)
    : keys.set(scope, keyName, value);
  if (isNew) response.setHeader("location", href);
  sendJson(response, isNew ? 201 : 200, {
    name: keyName,
    value: key.value,
    links: toLinks(href),
  });
}

function removeKey(
  { keys }: ServeKeysOptions,
  { scope, keyName, response }: KeyRequest,
): void {
  if (keyName.startsWith("_")) refuse(response, "Invalid key name.");
  else if (keys.remove(scope, keyName)) response.writeHead(204).end();
  else sendEmpty(response, 404);
}

function listKeys(
  { keys, durableKey }: ServeKeysOptions,
  scope: KeyScope,
): readonly KeyPair[] {
  const listed = keys.list(scope);
  return scope === "systemKeys"
    ? [{ name: durableName, value: durableKey }, ...listed]
    : listed;
}

interface KeyPair {
  readonly name: string;
  readonly value: string;
}

const toPair = ({ name, value }: KeyPair): KeyPair => ({ name, value });

function toLinks(href: string): readonly object[] {
  return [{ rel: "self", href }];
}

function isSameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function refuse(response: ServerResponse, text: string): void {
  sendText(response, 400, { type: "text/plain; charset=utf-8", text });
}
