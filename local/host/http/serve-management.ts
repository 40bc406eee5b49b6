import type { IncomingMessage, ServerResponse } from "node:http";
import type { createManagementHandler } from "../../durable/management.ts";
import { discardBody, readBody } from "./read-body.ts";

export type Management = ReturnType<typeof createManagementHandler>;

/** Inputs and events of the durable client travel here; Azure's own limit is that of any request. */
const bodyLimitBytes = 100 * 1024 * 1024;

/** Answers a request of the Durable management API; `url` is the path and query as that API knows it. */
export async function serveManagement(
  management: Management,
  request: IncomingMessage,
  response: ServerResponse,
  url: string,
): Promise<void> {
  const read = await readBody(request, bodyLimitBytes);
  if (read.kind === "aborted") return;
  if (read.kind === "too-large") {
    response.writeHead(413, { "content-length": 0 }).end();
    discardBody(request);
    return;
  }
  const answer = await management({
    method: request.method ?? "GET",
    url,
    headers: request.headers,
    body: read.body,
  });
  if (answer === undefined) {
    response.writeHead(404, { "content-length": 0 }).end();
    return;
  }
  const body = Buffer.from(answer.body ?? "", "utf8");
  response
    .writeHead(answer.status, {
      ...answer.headers,
      "content-length": body.length,
    })
    .end(body);
}
