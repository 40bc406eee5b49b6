import { hostname } from "node:os";
import type { IncomingMessage, ServerResponse } from "node:http";
import type {
  CatalogedFunction,
  FunctionSummary,
} from "../function-catalogue.ts";
import type { Trigger } from "../triggers/trigger.ts";
import { discardBody, readBody } from "./read-body.ts";
import { sendEmpty, sendJson } from "./send-json.ts";

export interface ServeAdminOptions {
  readonly functions: readonly CatalogedFunction[];
  readonly summaries: readonly FunctionSummary[];
  /** What `POST /admin/functions/{name}` can call: timers and queues. */
  readonly triggers: readonly Trigger[];
  readonly hostId: string;
  readonly httpUrl: string;
  readonly workerPids: () => readonly number[];
}

/** Answers `/admin/…` as Azure's host does, the key being checked already. */
export type ServeAdmin = (
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
) => Promise<void>;

/** The version of the Functions host whose behaviour this one follows. */
const hostVersion = "4.1037.0";
const inputLimitBytes = 1024 * 1024;

export function createServeAdmin(options: ServeAdminOptions): ServeAdmin {
  const find = (name: string): CatalogedFunction | undefined =>
    options.functions.find(
      (called) => called.name.toLowerCase() === name.toLowerCase(),
    );
  return async (request, response, path) => {
    const [resource, rawName, ...rest] = path
      .toLowerCase()
      .replace(/^\/admin\/|\/$/g, "")
      .split("/");
    const method = request.method ?? "GET";
    const isHostStatus =
      resource === "host" && rawName === "status" && rest.length === 0;
    if (method === "GET" && isHostStatus)
      sendJson(response, 200, toHostStatus(options));
    else if (resource !== "functions") sendEmpty(response, 404);
    else if (rawName === undefined)
      if (method === "GET")
        sendJson(
          response,
          200,
          options.functions.map((called) => toMetadata(called, options)),
        );
      else sendEmpty(response, 405);
    else {
      const called = find(rawName);
      const isStatus = rest.join("/") === "status";
      if (called === undefined || (rest.length > 0 && !isStatus))
        sendEmpty(response, 404);
      else if (method === "GET")
        sendJson(response, 200, isStatus ? {} : toMetadata(called, options));
      else if (method === "POST" && !isStatus)
        await runByHand(called, options, request, response);
      else sendEmpty(response, 405);
    }
  };
}

function toHostStatus({ hostId, workerPids }: ServeAdminOptions): object {
  return {
    id: hostId,
    state: "Running",
    version: hostVersion,
    instanceId: String(process.pid),
    computerName: hostname(),
    processUptime: Math.round(process.uptime() * 1000),
    workerPids: workerPids(),
  };
}

function toMetadata(
  { name, metadata }: CatalogedFunction,
  { httpUrl, summaries }: ServeAdminOptions,
): object {
  const summary = summaries.find((each) => each.name === name);
  return {
    name,
    href: `${httpUrl}/admin/functions/${name}`,
    ...(summary?.route !== undefined && {
      invoke_url_template: `${httpUrl}${summary.route}`,
    }),
    language: "node",
    config: {
      name,
      language: "node",
      bindings: Object.entries(metadata.bindings).map(([key, binding]) => ({
        ...binding,
        name: key,
      })),
    },
    isDisabled: summary?.isDisabled ?? false,
    isDirect: false,
    isProxy: false,
  };
}

/** `{"input": "…"}` calls a function that is not called over HTTP; 202 says that it was called, not how it ended. */
async function runByHand(
  called: CatalogedFunction,
  { triggers }: ServeAdminOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const read = await readBody(request, inputLimitBytes);
  if (read.kind === "aborted") return;
  if (read.kind === "too-large") {
    sendEmpty(response, 413);
    discardBody(request);
    return;
  }
  const input = parseInput(read.body.toString("utf8"));
  const trigger = triggers.find(
    ({ functionName }) => functionName === called.name,
  );
  if (input === undefined) {
    sendJson(response, 400, {
      message: 'The body must be a JSON object such as {"input": "text"}.',
    });
  } else if (trigger === undefined) {
    sendJson(response, 400, {
      message: `The function "${called.name}" (${called.triggerType}) cannot be called this way: it is disabled, or called by HTTP or by the durable client.`,
    });
  } else {
    void trigger.runNow(input);
    sendEmpty(response, 202);
  }
}

function parseInput(text: string): string | undefined {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body !== "object" || body === null || Array.isArray(body))
      return undefined;
    const { input } = body as { input?: unknown };
    if (input === undefined || input === null) return "";
    return typeof input === "string" ? input : JSON.stringify(input);
  } catch {
    return undefined;
  }
}
