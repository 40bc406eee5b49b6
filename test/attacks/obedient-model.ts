import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { attacks } from "./attack-texts.ts";
import { toReference } from "./attack-documents.ts";

export interface ObedientModel {
  readonly baseUrl: string;
  readonly address: string;
  /** The numbers of the attacks that it has obeyed. */
  readonly obeyed: ReadonlySet<number>;
  close(): Promise<void>;
}

/**
 * A chat completions endpoint that does what documents say: it looks which attack is in the prompt, and writes what that
 * attack wants, also when it is asked a second time.
 *
 * @param fill - puts the attacker's origin and another document's words into an answer
 */
export async function startObedientModel(
  fill: (text: string) => string,
): Promise<ObedientModel> {
  const obeyed = new Set<number>();
  const server = createServer((request, response) => {
    void (async () => {
      let prompt = "";
      for await (const chunk of request) prompt += String(chunk);
      const number = attacks.findIndex((_, index) =>
        prompt.includes(toReference(index)),
      );
      obeyed.add(number);
      send(response, fill(toBody(number)));
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    address: `127.0.0.1:${port}`,
    obeyed,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function toBody(number: number): string {
  const obeyed = attacks[number]?.obeyed ?? "I was told nothing.";
  return typeof obeyed === "string"
    ? JSON.stringify({
        answer: obeyed,
        keyPoints: [obeyed],
        quotes: [
          {
            document: 0,
            text: "The monthly rent is EUR 14,200, payable in advance.",
          },
        ],
        notFound: false,
      })
    : obeyed.raw;
}

function send(response: ServerResponse, text: string): void {
  const envelope = {
    id: "chat-1",
    object: "chat.completion.chunk",
    created: 1,
    model: "stub",
  };
  const write = (value: unknown): boolean =>
    response.write(`data: ${JSON.stringify(value)}\n\n`);
  response.writeHead(200, { "content-type": "text/event-stream" });
  write({ ...envelope, choices: [{ index: 0, delta: { content: text } }] });
  write({
    ...envelope,
    choices: [{ index: 0, delta: {}, finish_reason: "stop" }],
  });
  response.end("data: [DONE]\n\n");
}
