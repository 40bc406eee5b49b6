import type { IncomingMessage, ServerResponse } from "node:http";
import type { CatalogedFunction } from "../function-catalogue.ts";
import { createAnswerStreamed, createAnswerWhole } from "./answer-request.ts";
import type { AnswerRequestDeps, MatchedRequest } from "./answer-request.ts";
import type { Authorize } from "./authorize.ts";
import { readAuthLevel, readMethods, readRoute } from "./http-binding.ts";
import type { AuthLevel } from "./http-binding.ts";
import { createRouteTable } from "./route-table.ts";
import { sendEmpty } from "./send-json.ts";

export interface ServeFunctionsOptions extends AnswerRequestDeps {
  readonly functions: readonly CatalogedFunction[];
  readonly routePrefix: string;
  readonly authorize: Authorize;
  /** Requests under way above this number answer 429; -1 for no limit. */
  readonly maxOutstandingRequests: number;
  readonly customHeaders: Readonly<Record<string, string>>;
  /** Whether the app takes requests and gives answers in pieces (`enableHttpStream`). */
  readonly streamsHttp: boolean;
  /** Disabled functions are there for who has the master key only. */
  readonly isDisabled: (functionName: string) => boolean;
}

/** Answers a request that an HTTP function's route matches; false when none does. */
export type ServeFunctions = (
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
) => Promise<boolean>;

interface Target {
  readonly called: CatalogedFunction;
  readonly authLevel: AuthLevel;
}

export function createServeFunctions(
  options: ServeFunctionsOptions,
): ServeFunctions {
  const { maxOutstandingRequests } = options;
  const customHeaders = Object.entries(options.customHeaders);
  const table = createRouteTable<Target>(
    options.routePrefix,
    options.functions.map((called) => ({
      name: called.name,
      route: readRoute(called),
      methods: readMethods(called),
      target: { called, authLevel: readAuthLevel(called) },
    })),
  );
  const answer = options.streamsHttp
    ? createAnswerStreamed(options)
    : createAnswerWhole(options);
  let outstanding = 0;

  return async (request, response, url) => {
    const match = table.find(request.method ?? "GET", url.pathname);
    if (match === undefined) return false;
    if (maxOutstandingRequests >= 0 && outstanding >= maxOutstandingRequests) {
      sendEmpty(response, 429);
      return true;
    }
    const { target, params } = match;
    const matched = { called: target.called, params, request, response, url };
    outstanding += 1;
    try {
      for (const [name, value] of customHeaders)
        response.setHeader(name, value);
      const refused = refuse(options, matched, target.authLevel);
      if (refused === undefined) await answer(matched);
      else sendEmpty(response, refused);
    } finally {
      outstanding -= 1;
    }
    return true;
  };
}

/** The status for who may not call the function; undefined for who may. */
function refuse(
  { authorize, isDisabled }: ServeFunctionsOptions,
  { called: { name }, request, url }: MatchedRequest,
  level: AuthLevel,
): 401 | 404 | undefined {
  if (isDisabled(name) && !authorize({ level: "admin" }, request, url))
    return 404;
  const guarded = { level, functionName: name };
  return authorize(guarded, request, url) ? undefined : 401;
}
