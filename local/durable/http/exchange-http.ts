import { request as requestHttp, type IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";

/** One request as it goes over the wire. */
export interface HttpExchange {
  readonly method: string;
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string | string[]>;
  readonly content: string | undefined;
}

export interface HttpAnswer {
  readonly statusCode: number;
  /** Name, value, name, value, as the server wrote them. */
  readonly rawHeaders: readonly string[];
  readonly content: string;
}

/**
 * Sends one request on a connection of its own and reads the answer. Unlike `fetch` it adds no headers to what is asked,
 * sends a body with any method, and tells the names of the headers as they came: what .NET's client does.
 */
export async function exchangeHttp(
  exchange: HttpExchange,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const response = await send(exchange, signal);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return {
    statusCode: response.statusCode ?? 0,
    rawHeaders: response.rawHeaders,
    content: decode(Buffer.concat(chunks), response.headers["content-type"]),
  };
}

function send(
  { method, url, headers, content }: HttpExchange,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const body = content === undefined ? undefined : Buffer.from(content, "utf8");
  const requestAny = url.protocol === "https:" ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    requestAny(url, {
      method,
      agent: false,
      signal,
      headers: {
        ...Object.fromEntries(headers),
        ...(body !== undefined && { "content-length": body.length }),
      },
    })
      .once("response", resolve)
      .once("error", reject)
      .end(body);
  });
}

/** The text in the charset that the answer names; UTF-8 without one. */
function decode(bytes: Buffer, contentType = ""): string {
  const label = /;\s*charset="?([^";\s]+)/i.exec(contentType)?.[1];
  try {
    return new TextDecoder(label).decode(bytes);
  } catch {
    return bytes.toString("utf8");
  }
}
