import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type ArtifactServer,
  httpsReferences,
  type ServeArtifact,
  startArtifactServer,
} from "../support/artifact-server.ts";
import {
  interactionBody,
  postInteraction,
  readResult,
  untilEnded,
} from "../support/jobs.ts";
import { type RunningApp, startApp } from "../support/running-app.ts";

const maxBytes = 64 * 1024;
const text = "# Lighthouse\n\nThe lighthouse was built in 1887.\n";
const says: ServeArtifact = (response) =>
  response
    .writeHead(200, { "content-type": "text/markdown", etag: '"v1"' })
    .end(text);

const routes: Readonly<Record<string, ServeArtifact>> = {
  "/ok": says,
  "/redirect": (response) =>
    response.writeHead(302, { location: "/redirect-2" }).end(),
  "/redirect-2": (response) =>
    response.writeHead(307, { location: "/moved-here" }).end(),
  "/moved-here": says,
  "/loop": (response) => response.writeHead(302, { location: "/loop" }).end(),
  "/to-private": (response) =>
    response.writeHead(302, { location: "http://127.0.0.1:9/secret" }).end(),
  "/forbidden": (response) => response.writeHead(403).end(),
  "/teapot": (response) => response.writeHead(418).end(),
  "/throttled-once": (response, nth) =>
    nth === 1
      ? response.writeHead(429, { "retry-after": "1" }).end()
      : says(response, nth),
  "/broken-once": (response, nth) =>
    nth === 1 ? response.writeHead(500).end() : says(response, nth),
  "/hung-up-once": (response, nth) =>
    nth === 1 ? response.destroy() : says(response, nth),
  "/trickle": async (response) => {
    for (const word of text.split(/(?= )/)) {
      response.write(word);
      await sleep(20);
    }
    response.end();
  },
  "/announced": (response) => {
    response.writeHead(200, { "content-length": String(maxBytes + 1) });
    response.end(Buffer.alloc(maxBytes + 1, "a "));
  },
  "/unannounced": (response) => {
    for (let sent = 0; sent <= maxBytes; sent += 1024)
      response.write(Buffer.alloc(1024, "a "));
    response.end();
  },
  "/largest": (response) => {
    response.writeHead(200, { "content-type": "text/plain" });
    response.end(Buffer.alloc(maxBytes, "a "));
  },
  "/empty": (response) => response.writeHead(200).end(),
};

let server: ArtifactServer;
let app: RunningApp;
beforeAll(async () => {
  server = await startArtifactServer(routes);
  app = await startApp({
    settings: {
      EGRESS_ALLOW: server.address,
      ARTIFACT_MAX_BYTES: String(maxBytes),
    },
  });
});
afterAll(async () => {
  await app.stop();
  await server.close();
});

/** Runs a job over one artifact and answers what its result says of it. */
async function read(sourceUri: string) {
  const { jobId } = await postInteraction(
    app,
    interactionBody({
      artifactReferences: [
        { referenceId: "page", referenceType: "https", sourceUri },
      ],
    }),
  );
  expect(await untilEnded(app, jobId)).toMatchObject({ status: "Completed" });
  return (await readResult(app, jobId)).artifacts[0];
}

describe.concurrent("what the source system answers decides", () => {
  test.each(["/ok", "/redirect", "/trickle", "/largest"])(
    "%s is read at once",
    async (path) => {
      expect(await read(`${server.origin}${path}`)).toMatchObject({
        referenceId: "page",
        outcome: "read",
      });
      expect(server.count(path)).toBe(1);
    },
  );

  test.each(["/throttled-once", "/broken-once", "/hung-up-once"])(
    "%s is read at the second attempt",
    async (path) => {
      expect(await read(`${server.origin}${path}`)).toMatchObject({
        outcome: "read",
        sizeBytes: text.length,
      });
      expect(server.count(path)).toBe(2);
    },
  );

  test.each([
    ["/missing", "artifact_not_found"],
    ["/forbidden", "artifact_forbidden"],
    ["/teapot", "artifact_rejected"],
    ["/to-private", "artifact_refused"],
    ["/announced", "artifact_too_large"],
    ["/unannounced", "artifact_too_large"],
    ["/empty", "artifact_empty"],
  ])("%s is %s, and not asked for again", async (path, code) => {
    const artifact = await read(`${server.origin}${path}`);
    expect(artifact).toEqual({
      index: 0,
      referenceId: "page",
      outcome: "failed",
      code,
    });
    expect(server.count(path)).toBe(1);
  });

  test("redirects that lead nowhere are followed only so far", async () => {
    expect(await read(`${server.origin}/loop`)).toMatchObject({
      outcome: "failed",
      code: "artifact_refused",
    });
    expect(server.count("/loop")).toBeLessThan(10);
  });

  test.each([
    "http://127.0.0.1:9/secret",
    "https://10.0.0.1/secret",
    "https://169.254.169.254/latest/meta-data",
    "https://[::1]/secret",
    "https://[::ffff:127.0.0.1]/secret",
    "https://localhost/secret",
    "https://0x7f000001/secret",
    "http://example.com/plain",
    "file:///etc/passwd",
    "not a url",
  ])("%s is artifact_refused", async (sourceUri) => {
    expect(await read(sourceUri)).toMatchObject({
      outcome: "failed",
      code: "artifact_refused",
    });
  });
});

test("one artifact that cannot be read does not keep the job from answering out of the others", async () => {
  const { jobId } = await postInteraction(
    app,
    interactionBody({
      queryText: "When was the lighthouse built?",
      artifactReferences: httpsReferences(server, "/ok", "/missing", "/ok"),
    }),
  );
  expect(await untilEnded(app, jobId)).toMatchObject({
    status: "Completed",
    progress: { percentage: 100 },
  });
  expect(await readResult(app, jobId)).toMatchObject({
    personas: [{ answer: expect.stringContaining("1887") as unknown }],
    artifacts: [
      { index: 0, outcome: "read" },
      { index: 1, outcome: "failed", code: "artifact_not_found" },
      { index: 2, outcome: "read" },
    ],
  });
});

test("nothing readable and no question fails the job with a code", async () => {
  const { jobId } = await postInteraction(
    app,
    interactionBody({
      queryText: undefined,
      artifactReferences: httpsReferences(server, "/missing", "/forbidden"),
    }),
  );
  expect(await untilEnded(app, jobId)).toMatchObject({
    status: "Failed",
    error: {
      code: "nothing_readable",
      step: "extract",
      retryable: false,
      message: expect.any(String) as unknown,
    },
  });
  expect(await app.call("GET", `/api/v1/jobs/${jobId}`)).toMatchObject({
    body: {
      artifacts: [
        { index: 0, outcome: "failed", code: "artifact_not_found" },
        { index: 1, outcome: "failed", code: "artifact_forbidden" },
      ],
    },
  });
  expect(await app.call("GET", `/api/v1/jobs/${jobId}/result`)).toMatchObject({
    status: 409,
    body: { code: "job_has_no_result", jobStatus: "Failed" },
  });
});
