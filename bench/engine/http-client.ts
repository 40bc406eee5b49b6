import { Agent, request } from "node:http";

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

export interface HttpClient {
  send(
    method: "GET" | "POST",
    url: string,
    body?: unknown,
  ): Promise<HttpAnswer>;
  close(): void;
}

/** The clients of every engine that is reached through HTTP: connections are kept, bodies are JSON, nothing times out. */
export function createHttpClient(): HttpClient {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  return {
    send: (method, url, body) =>
      new Promise((resolve, reject) => {
        const bytes =
          body === undefined ? undefined : Buffer.from(JSON.stringify(body));
        const sent = request(
          url,
          {
            agent,
            method,
            headers: {
              "content-length": bytes?.length ?? 0,
              ...(bytes !== undefined && {
                "content-type": "application/json",
              }),
            },
          },
          (answer) => {
            const chunks: Buffer[] = [];
            answer
              .on("data", (chunk: Buffer) => chunks.push(chunk))
              .on("end", () =>
                resolve({
                  status: answer.statusCode ?? 0,
                  body: Buffer.concat(chunks).toString(),
                }),
              )
              .on("error", reject);
          },
        );
        sent.on("error", reject);
        sent.end(bytes);
      }),
    close: () => agent.destroy(),
  };
}
