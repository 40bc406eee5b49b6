import type { IncomingMessage, ServerResponse } from "node:http";
import type { InvocationOutcome } from "../open-invocations.ts";
import type { HttpResponseData } from "../typed-data.ts";
import type { CompletedInvocation } from "../worker-messages.ts";
import { discardBody } from "./read-body.ts";
import { sendEmpty } from "./send-json.ts";
import { writeHttpResponse } from "./write-http-response.ts";

/** Answers with what became of an HTTP function's invocation. */
export function writeOutcome(
  response: ServerResponse,
  outcome: InvocationOutcome,
): void {
  switch (outcome.kind) {
    case "completed":
      writeHttpResponse(response, readHttpOutput(outcome));
      break;
    case "failed":
    case "timeout":
      sendEmpty(response, 500);
      break;
    case "lost":
      response
        .writeHead(503, { "content-length": 0, "retry-after": "1" })
        .end();
      break;
    default:
      outcome satisfies never;
  }
}

/** The answer: what the function returned, or gave to an HTTP output of another name. */
function readHttpOutput({
  returnValue,
  outputData = [],
}: CompletedInvocation): HttpResponseData | undefined {
  const data = [returnValue, ...outputData.map((output) => output.data)];
  return data.find((each) => each?.http !== undefined)?.http;
}

/** Answers 413 so that the client sees it, though it is still sending. */
export function refuseTooLarge(
  request: IncomingMessage,
  response: ServerResponse,
): void {
  sendEmpty(response, 413);
  discardBody(request);
}
