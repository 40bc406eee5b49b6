import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { CatalogedFunction } from "../function-catalogue.ts";
import type { Invoker } from "../invoker.ts";
import { parseTraceparent } from "../trace-context.ts";
import { readBody } from "./read-body.ts";
import { createForwarding } from "./forward-request.ts";
import {
  toEmptyRequestData,
  toHttpRequestData,
  toStreamMetadata,
} from "./to-http-request-data.ts";
import { refuseTooLarge, writeOutcome } from "./write-outcome.ts";

/** A request that may pass, and the function that it is for. */
export interface MatchedRequest {
  readonly called: CatalogedFunction;
  readonly params: Readonly<Record<string, string>>;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
}

export interface AnswerRequestDeps {
  readonly invoker: Invoker;
  /** Largest accepted request body. */
  readonly bodyLimitBytes: number;
}

export type AnswerRequest = (matched: MatchedRequest) => Promise<void>;

/** Hands the function the request as a whole, and the client the answer as a whole. */
export function createAnswerWhole({
  invoker,
  bodyLimitBytes,
}: AnswerRequestDeps): AnswerRequest {
  return async ({ called, params, request, response, url }) => {
    const read = await readBody(request, bodyLimitBytes);
    if (read.kind === "aborted") return;
    if (read.kind === "too-large") {
      refuseTooLarge(request, response);
      return;
    }
    const outcome = await invoker.invoke({
      called,
      data: { http: toHttpRequestData(request, url, params, read.body) },
      ...readTrace(request),
    });
    if (!response.destroyed) writeOutcome(response, outcome);
  };
}

/** Lets the request and the answer pass through piece by piece, beside the invocation. */
export function createAnswerStreamed({
  invoker,
  bodyLimitBytes,
}: AnswerRequestDeps): AnswerRequest {
  return async ({ called, params, request, response, url }) => {
    if (Number(request.headers["content-length"] ?? 0) > bodyLimitBytes) {
      refuseTooLarge(request, response);
      return;
    }
    const invocationId = randomUUID();
    const forwarding = createForwarding({
      invocationId,
      request,
      response,
      url,
      bodyLimitBytes,
    });
    const outcome = await invoker.invoke({
      called,
      invocationId,
      data: { http: toEmptyRequestData() },
      triggerMetadata: toStreamMetadata(request, url, params),
      dispatched: (httpPort) => forwarding.start(httpPort),
      ...readTrace(request),
    });
    // A function that returned nothing leaves its request unanswered.
    if (outcome.kind !== "completed" || outcome.isEmpty === true)
      forwarding.abort();
    if (await forwarding.done) return;
    if (response.headersSent) response.destroy();
    else if (forwarding.isTooLarge()) refuseTooLarge(request, response);
    else writeOutcome(response, outcome);
  };
}

function readTrace({ headers }: IncomingMessage): {
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
} {
  const { traceparent, tracestate } = headers;
  return {
    traceparent: parseTraceparent(traceparent),
    tracestate: typeof tracestate === "string" ? tracestate : undefined,
  };
}
