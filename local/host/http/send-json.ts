import type { ServerResponse } from "node:http";

export function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
): void {
  sendText(response, status, {
    type: "application/json; charset=utf-8",
    text: JSON.stringify(value),
  });
}

export function sendText(
  response: ServerResponse,
  status: number,
  { type, text }: { readonly type: string; readonly text: string },
): void {
  const body = Buffer.from(text, "utf8");
  response
    .writeHead(status, { "content-type": type, "content-length": body.length })
    .end(body);
}

export function sendEmpty(response: ServerResponse, status: number): void {
  response.writeHead(status, { "content-length": 0 }).end();
}
