import { once } from "node:events";
import {
  createServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

/** What a test's endpoint does with one call. */
export type Reply = (
  response: ServerResponse,
  body: ChatBody,
) => void | Promise<void>;

export interface ChatBody {
  readonly model: string;
  readonly messages: readonly {
    readonly role: string;
    readonly content: string;
  }[];
  readonly stream?: boolean;
  readonly temperature?: number;
  readonly response_format?: { readonly type: string };
  readonly max_tokens?: number;
  readonly max_completion_tokens?: number;
}

export interface ChatServer {
  readonly baseUrl: string;
  /** The calls so far, in order. */
  readonly calls: readonly {
    readonly body: ChatBody;
    readonly headers: IncomingMessage["headers"];
  }[];
  close(): Promise<void>;
}

/** An endpoint on loopback that speaks chat completions on the wire: the replies are given in turn. */
export async function startChatServer(
  ...replies: Reply[]
): Promise<ChatServer> {
  const calls: { body: ChatBody; headers: IncomingMessage["headers"] }[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      let text = "";
      for await (const chunk of request) text += String(chunk);
      const body = JSON.parse(text) as ChatBody;
      calls.push({ body, headers: request.headers });
      await replies[calls.length - 1]?.(response, body);
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    calls,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Streams `text` in small chunks, as a model does. */
export function says(text: string, finishReason = "stop"): Reply {
  return (response) => {
    beginStream(response);
    for (let at = 0; at < text.length; at += 7)
      sendChunk(response, { content: text.slice(at, at + 7) });
    sendChunk(response, {}, finishReason);
    send(response, {
      ...envelope,
      choices: [],
      usage: { prompt_tokens: 120, completion_tokens: 30, total_tokens: 150 },
    });
    response.end("data: [DONE]\n\n");
  };
}

export function saysJson(value: unknown): Reply {
  return says(JSON.stringify(value));
}

/** Answers with an error as OpenAI words it. */
export function fails(
  status: number,
  error: { message?: string; code?: string; param?: string } = {},
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return (response) => {
    response.writeHead(status, {
      "content-type": "application/json",
      ...headers,
    });
    response.end(
      JSON.stringify({ error: { message: "secret words", ...error } }),
    );
  };
}

export function refuses(): Reply {
  return (response) => {
    beginStream(response);
    sendChunk(response, { refusal: "I cannot help with that." });
    sendChunk(response, {}, "stop");
    response.end("data: [DONE]\n\n");
  };
}

/** Sends the beginning of an answer; `how` it ends is the test's. */
export function breaksOff(how: "destroy" | "end"): Reply {
  return async (response) => {
    beginStream(response);
    await new Promise<void>((resolve) => {
      response.write(toEvent({ content: '{"answer": "Ni' }), () => resolve());
    });
    if (how === "destroy") response.destroy();
    else response.end();
  };
}

/** Never answers. */
export const hangs: Reply = () => undefined;

const envelope = {
  id: "c1",
  object: "chat.completion.chunk",
  created: 1,
  model: "stub-model-2",
} as const;

function beginStream(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
}

function sendChunk(
  response: ServerResponse,
  delta: Readonly<Record<string, string>>,
  finishReason: string | null = null,
): void {
  response.write(toEvent(delta, finishReason));
}

function toEvent(
  delta: Readonly<Record<string, string>>,
  finishReason: string | null = null,
): string {
  const choices = [{ index: 0, delta, finish_reason: finishReason }];
  return `data: ${JSON.stringify({ ...envelope, choices })}\n\n`;
}

function send(response: ServerResponse, value: unknown): void {
  response.write(`data: ${JSON.stringify(value)}\n\n`);
}
