import type { ServerResponse } from "node:http";
import { toBytes } from "../typed-data.ts";
import type { HttpResponseData } from "../typed-data.ts";
import { isHopByHop } from "./hop-by-hop.ts";
import { toSetCookie } from "./to-set-cookie.ts";

/** Writes what an HTTP function returned; nothing returned is 204. */
export function writeHttpResponse(
  response: ServerResponse,
  data: HttpResponseData | undefined,
): void {
  if (data === undefined) {
    response.writeHead(204).end();
    return;
  }
  const status = Number(data.statusCode ?? "200");
  const body = toBytes(data.body);
  const cookies = (data.cookies ?? []).map(toSetCookie);
  let announcedLength: string | undefined;
  for (const [name, value] of Object.entries(data.headers ?? {})) {
    if (name === "content-length") announcedLength = value;
    else if (name === "set-cookie") cookies.unshift(value);
    else if (!isHopByHop(name)) response.setHeader(name, value);
  }
  if (cookies.length > 0) response.setHeader("set-cookie", cookies);
  if (status !== 204 && status !== 304) {
    // A HEAD answer without a body may announce the length that GET would have.
    const isHeadLength = response.req.method === "HEAD" && body.length === 0;
    response.setHeader(
      "content-length",
      isHeadLength ? (announcedLength ?? 0) : body.length,
    );
  }
  response.writeHead(status);
  response.end(body);
}
