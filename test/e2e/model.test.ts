import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type ChatServer,
  fails,
  refuses,
  type Reply,
  saysJson,
  startChatServer,
} from "../shared/personas/chat-server.ts";
import {
  fileReferences,
  interactionBody,
  postInteraction,
  readResult,
  untilEnded,
} from "../support/jobs.ts";
import { type RunningApp, startApp } from "../support/running-app.ts";

const opinion = saysJson({
  answer: "One buoy costs 3,480 EUR.",
  keyPoints: ["The price is without tax."],
  quotes: [
    { document: 0, text: "One TW-3 costs 3,480 EUR without tax." },
    { document: 0, text: "One TW-3 costs 1 EUR." },
  ],
  notFound: false,
});

/** What the endpoint replies to a question, by its words, the nth (from 1) time that it hears it. */
const replies: Readonly<Record<string, (nth: number) => Reply>> = {
  "What is the price?": () => opinion,
  "What is it, when you find the time?": (nth) =>
    nth === 1 ? fails(429, {}, { "retry-after": "1" }) : opinion,
  "What do you refuse?": refuses,
};

const heard = new Map<string, number>();
const reply: Reply = (response, body) => {
  const prompt = JSON.stringify(body.messages);
  const [question = "", toReply] =
    Object.entries(replies).find(([words]) => prompt.includes(words)) ?? [];
  const nth = (heard.get(question) ?? 0) + 1;
  heard.set(question, nth);
  return toReply?.(nth)(response, body);
};

let endpoint: ChatServer;
let app: RunningApp;
beforeAll(async () => {
  endpoint = await startChatServer(
    ...Array.from({ length: 50 }, (): Reply => reply),
  );
  app = await startApp({
    settings: {
      MODEL: "openai-compatible",
      MODEL_BASE_URL: endpoint.baseUrl,
      MODEL_NAME: "stub-model",
      MODEL_API_KEY: "key-4711",
    },
  });
});
afterAll(async () => {
  await app.stop();
  await endpoint.close();
});

async function ask(queryText: string) {
  const { jobId } = await postInteraction(
    app,
    interactionBody({
      queryText,
      artifactReferences: fileReferences("04-product-page.html"),
    }),
  );
  return { jobId, ended: await untilEnded(app, jobId) };
}

describe.concurrent(
  "an OpenAI-compatible endpoint behind the whole app",
  () => {
    test("its answer becomes the result, with the quotes that really stand in the document", async () => {
      const { jobId, ended } = await ask("What is the price?");
      expect(ended).toMatchObject({ status: "Completed" });
      const { personas } = await readResult(app, jobId);
      expect(personas).toEqual([
        {
          personaId: "analyst",
          version: "1.1.0",
          model: "stub-model-2",
          answer: "One buoy costs 3,480 EUR.",
          keyPoints: ["The price is without tax."],
          quotes: [
            {
              artifactIndex: 0,
              referenceId: "document-0",
              heading: expect.stringContaining("Price and delivery") as unknown,
              text: "One TW-3 costs 3,480 EUR without tax.",
            },
          ],
          notFound: false,
          droppedQuotes: 1,
          groundedness: 1,
          usage: {
            inputTokens: 120,
            outputTokens: 30,
            documentTokens: expect.any(Number) as unknown,
            sentDocumentTokens: expect.any(Number) as unknown,
          },
        },
      ]);
      const call = endpoint.calls.find(({ body }) =>
        JSON.stringify(body.messages).includes("What is the price?"),
      );
      expect(call?.headers.authorization).toBe("Bearer key-4711");
      expect(JSON.stringify(call?.body.messages)).toContain(
        "LTE-M and LoRaWAN",
      );
    });

    test("429 with Retry-After is waited for, and the job completes", async () => {
      const question = "What is it, when you find the time?";
      const { ended } = await ask(question);
      expect(ended).toMatchObject({ status: "Completed" });
      expect(heard.get(question)).toBe(2);
    });

    test("a refusal fails the job at once", async () => {
      const { ended } = await ask("What do you refuse?");
      expect(ended).toMatchObject({
        status: "Failed",
        error: { code: "model_refused", step: "persona", retryable: false },
      });
      expect(heard.get("What do you refuse?")).toBe(1);
    });
  },
);
