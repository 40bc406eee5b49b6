import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type ChatServer,
  fails,
  type Reply,
  startChatServer,
} from "../shared/personas/chat-server.ts";
import {
  type ArtifactServer,
  httpsReferences,
  startArtifactServer,
} from "../support/artifact-server.ts";
import {
  interactionBody,
  postInteraction,
  untilEnded,
} from "../support/jobs.ts";
import { type RunningApp, startApp } from "../support/running-app.ts";

let server: ArtifactServer;
let endpoint: ChatServer;
let app: RunningApp;
beforeAll(async () => {
  server = await startArtifactServer({
    "/broken": (response) => response.writeHead(500).end(),
    "/truncated": (response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write("Half", () => response.destroy());
    },
  });
  endpoint = await startChatServer(
    ...Array.from({ length: 10 }, (): Reply => fails(500)),
  );
  app = await startApp({
    settings: {
      EGRESS_ALLOW: server.address,
      MODEL: "openai-compatible",
      MODEL_BASE_URL: endpoint.baseUrl,
      MODEL_NAME: "stub-model",
    },
  });
});
afterAll(async () => {
  await app.stop();
  await server.close();
  await endpoint.close();
});

describe.concurrent(
  "what stays broken is tried four times, then has its code",
  () => {
    test.each(["/broken", "/truncated"])("an artifact at %s", async (path) => {
      const { jobId } = await postInteraction(
        app,
        interactionBody({
          queryText: undefined,
          artifactReferences: httpsReferences(server, path),
        }),
      );
      expect(await untilEnded(app, jobId)).toMatchObject({
        status: "Failed",
        error: { code: "nothing_readable", step: "extract" },
      });
      expect(await app.call("GET", `/api/v1/jobs/${jobId}`)).toMatchObject({
        body: {
          artifacts: [{ outcome: "failed", code: "artifact_unreachable" }],
        },
      });
      expect(server.count(path)).toBe(4);
    });

    test("a model", async () => {
      const { jobId } = await postInteraction(app, interactionBody());
      const ended = await untilEnded(app, jobId);
      expect(ended).toMatchObject({
        status: "Failed",
        error: { code: "model_unavailable", step: "persona", retryable: true },
      });
      expect(JSON.stringify(ended)).not.toContain("secret words");
      expect(endpoint.calls).toHaveLength(4);
      expect(
        await app.call("GET", `/api/v1/jobs/${jobId}/result`),
      ).toMatchObject({
        status: 409,
        body: {
          code: "job_has_no_result",
          error: { code: "model_unavailable" },
        },
      });
    });
  },
);
