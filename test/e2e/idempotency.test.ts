import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  fileReferences,
  interactionBody,
  postInteraction,
  untilEnded,
} from "../support/jobs.ts";
import { type RunningApp, startApp } from "../support/running-app.ts";

const document = fileReferences("05-steering-committee-minutes.md");

let app: RunningApp;
let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "nucleus-test-"));
  app = await startApp({ home });
});
afterAll(async () => {
  await app.stop();
  await rm(home, { recursive: true, force: true });
});

const post = (key: string, fields: Record<string, unknown> = {}, caller = {}) =>
  app.call("POST", "/api/v1/interactions", {
    body: interactionBody({ artifactReferences: document, ...fields }),
    headers: { "idempotency-key": key },
    caller,
  });

test("twenty requests at once with one key make one job", async () => {
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => post("at-once")),
  );
  const accepted = answers.filter(({ status }) => status === 202);
  const inFlight = answers.filter(({ status }) => status === 409);
  expect(accepted.length).toBeGreaterThan(0);
  expect(accepted.length + inFlight.length).toBe(20);
  const jobIds = accepted.map(({ body }) => (body as { jobId: string }).jobId);
  expect(new Set(jobIds).size).toBe(1);
  for (const { body, headers } of inFlight) {
    expect(body).toMatchObject({
      code: "idempotency_in_flight",
      retryable: true,
    });
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
  }
  expect(await untilEnded(app, jobIds[0] ?? "")).toMatchObject({
    status: "Completed",
  });
});

test("the same request is answered the same while the job runs, after it, and after a restart", async () => {
  const first = await post("again");
  const { jobId } = first.body as { jobId: string };
  expect((await post("again")).body).toEqual(first.body);
  await untilEnded(app, jobId);
  const ended = await app.call("GET", `/api/v1/jobs/${jobId}`);
  expect((await post("again")).body).toEqual(first.body);

  await app.stop();
  app = await startApp({ home });
  const replayed = await post("again");
  expect(replayed).toMatchObject({ status: 202, body: { jobId } });
  expect((await app.call("GET", `/api/v1/jobs/${jobId}`)).body).toMatchObject({
    ...(ended.body as object),
    statusUrl: `${app.url}/api/v1/jobs/${jobId}/status`,
    resultUrl: `${app.url}/api/v1/jobs/${jobId}/result`,
  });
});

test("the same key with another body is refused", async () => {
  await post("reused");
  expect(await post("reused", { queryText: "Something else?" })).toMatchObject({
    status: 422,
    body: { code: "idempotency_key_reused", retryable: false },
  });
});

test("the order of fields and spelled-out defaults do not make another body", async () => {
  const first = await post("spelled-out");
  const body = Object.fromEntries(
    Object.entries(
      interactionBody({ artifactReferences: document, tags: [] }),
    ).toReversed(),
  );
  const second = await app.call("POST", "/api/v1/interactions", {
    body,
    headers: { "idempotency-key": "spelled-out" },
  });
  expect(second).toMatchObject({ status: 202, body: first.body });
});

test("a key belongs to one application of one tenant, and may be quoted", async () => {
  const jobIds = await Promise.all(
    [{}, { userId: "u2" }, { tenantId: "t2" }].map(async (caller) => {
      const { body } = await post("shared", {}, caller);
      return (body as { jobId: string }).jobId;
    }),
  );
  expect(new Set(jobIds).size).toBe(3);
  expect((await post('"shared"')).body).toMatchObject({ jobId: jobIds[0] });
});

test("without a key, each request is a new job", async () => {
  const body = interactionBody();
  const first = await postInteraction(app, body);
  const second = await postInteraction(app, body);
  expect(second.jobId).not.toBe(first.jobId);
});

test("a malformed key, and a malformed request under a key, take nothing", async () => {
  expect(await post("x".repeat(256))).toMatchObject({
    status: 400,
    body: { code: "idempotency_key_invalid" },
  });
  expect(await post("corrected", { priority: "soon" })).toMatchObject({
    status: 400,
  });
  expect(await post("corrected")).toMatchObject({ status: 202 });
});
