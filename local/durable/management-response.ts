import type { RuntimeStatus } from "./instance-record.ts";
import type { ManagementResponse } from "./management.ts";

/** An answer without a body. */
export function empty(status: number): ManagementResponse {
  return { status, headers: {}, body: undefined };
}

/** An answer with a JSON body. */
export function json(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): ManagementResponse {
  return {
    status,
    headers: { "content-type": "application/json; charset=utf-8", ...headers },
    body: JSON.stringify(value),
  };
}

/** 202 to a start: where the instance can be watched and controlled. */
export function started(
  links: Readonly<Record<string, string>>,
): ManagementResponse {
  return json(202, links, {
    location: links["statusQueryGetUri"] ?? "",
    "retry-after": "10",
  });
}

/** 400 with the reason, in the shape of the extension. */
export function badRequest(message: string): ManagementResponse {
  return json(400, { Message: message });
}

/** 500 as the extension answers when an operation is not valid now. */
export function invalidOperation(message: string): ManagementResponse {
  return json(500, {
    Message: "Something went wrong while processing your request",
    ExceptionMessage: message,
    ExceptionType: "System.InvalidOperationException",
  });
}

/** 409 to a start under the ID of an unfinished instance. */
export function alreadyExists(status: RuntimeStatus): ManagementResponse {
  return json(409, {
    Message: `An Orchestration instance with the status ${status} already exists.`,
  });
}
