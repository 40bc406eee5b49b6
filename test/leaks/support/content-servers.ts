import { once } from "node:events";
import {
  createServer,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { markers, sentences, toHtml } from "./leak-scene.ts";

export interface ContentServer {
  readonly origin: string;
  /** `host:port`, for EGRESS_ALLOW. */
  readonly address: string;
  close(): Promise<void>;
}

/** Where the artifacts lie: one that is read, and three that fail in ways that repeat what was asked. */
export function startSourceServer(): Promise<ContentServer> {
  return listen((request, response) => {
    const url = request.url ?? "";
    if (url.includes(markers.urlPath))
      response
        .writeHead(200, {
          "content-type": `text/${markers.responseHeader}; charset=utf-8`,
          etag: `"${markers.responseHeader}"`,
          "content-disposition": `inline; filename="${markers.responseHeader}"`,
        })
        .end(toHtml(sentences.html));
    else if (url.includes(markers.brokenUrl)) {
      response.writeHead(200, { "content-length": "100000" });
      response.write(sentences.html, () => response.destroy());
    } else if (url.includes(markers.hangingUrl))
      response.writeHead(200).flushHeaders();
    else response.writeHead(404, `Not ${markers.responseHeader}`).end(url);
  });
}

/**
 * A chat completions endpoint that answers with content of its own; asked for it, it fails with all that it was sent.
 */
export function startModelServer(): Promise<ContentServer> {
  return listen((request, response) => {
    void (async () => {
      let prompt = "";
      for await (const chunk of request) prompt += String(chunk);
      if (prompt.includes(markers.modelError))
        response
          .writeHead(500, { "content-type": "application/json" })
          .end(JSON.stringify({ error: { message: prompt, code: prompt } }));
      else if (prompt.includes(markers.malformedAnswer))
        sendAnswer(response, `{"answer": "${sentences.answer}", ${prompt}`);
      else sendAnswer(response, JSON.stringify(toAnswer(prompt)));
    })();
  });
}

/** A persona with fields of its own is unsure, agrees with nobody, and gets its fields right in the repair only. */
function toAnswer(prompt: string): unknown {
  const isRepair = prompt.includes("That was not the agreed JSON object");
  const { data } = sentences;
  return {
    ...(prompt.includes("obligations")
      ? {
          confidence: 0.2,
          agreesWith: [],
          data: isRepair ? { obligations: [data], deadlines: [] } : { data },
        }
      : { confidence: 0.9, agreesWith: [] }),
    answer: sentences.answer,
    keyPoints: [sentences.keyPoint],
    quotes: [
      sentences.pdf,
      sentences.docx,
      sentences.html,
      sentences.text,
      sentences.mail,
      sentences.attachment,
    ].map((text, document) => ({ document, text })),
    notFound: false,
  };
}

function sendAnswer(response: ServerResponse, text: string): void {
  const envelope = {
    id: markers.answer,
    object: "chat.completion.chunk",
    created: 1,
    model: "stub",
  };
  const send = (value: unknown): boolean =>
    response.write(`data: ${JSON.stringify(value)}\n\n`);
  response.writeHead(200, { "content-type": "text/event-stream" });
  send({ ...envelope, choices: [{ index: 0, delta: { content: text } }] });
  send({
    ...envelope,
    choices: [{ index: 0, delta: {}, finish_reason: "stop" }],
  });
  response.end("data: [DONE]\n\n");
}

async function listen(listener: RequestListener): Promise<ContentServer> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    address: `127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
