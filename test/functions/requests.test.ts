import { expect, test } from "vitest";
import {
  acceptJob,
  anInteraction,
  aPrincipal,
  openPorts,
  resultTtlMs,
} from "../support/core.ts";
import { allOf } from "../support/stored.ts";
import { type HttpCall, openHttp } from "./support/open-http.ts";

const interaction = {
  platformType: "Test",
  conversationId: "c1",
  userId: "u1",
  queryText: "What does it say?",
};
const adapter = { caller: {} };
const post = (http: ReturnType<typeof openHttp>, call: HttpCall) =>
  http.call("post-interaction", { ...adapter, ...call });

test("an interaction is answered 202 with where to ask, and never with the engine's own addresses", async () => {
  const http = openHttp();
  const answer = await post(http, { body: interaction });
  const [{ jobId } = { jobId: "" }] = await allOf(http.ports, "job");
  const base = `https://nucleus.example/api/v1/jobs/${jobId}`;
  expect(answer).toEqual({
    status: 202,
    headers: {
      location: `${base}/status`,
      "operation-location": `${base}/status`,
      "retry-after": "1",
    },
    body: {
      jobId,
      status: "Queued",
      statusUrl: `${base}/status`,
      resultUrl: `${base}/result`,
    },
  });
});

test.each([
  [
    "an unknown field",
    { ...interaction, colour: "red" },
    "colour",
    "unknown field",
  ],
  [
    "a missing field of an artifact",
    {
      ...interaction,
      artifactReferences: [{ referenceId: "r", referenceType: "test" }],
    },
    "artifactReferences[0].sourceUri",
    expect.stringContaining("expected string"),
  ],
  [
    "an unknown field of the second artifact",
    {
      ...interaction,
      artifactReferences: [0, 1].map((n) => ({
        referenceId: "r",
        referenceType: "test",
        sourceUri: "u",
        ...(n === 1 && { bytes: "AAAA" }),
      })),
    },
    "artifactReferences[1].bytes",
    "unknown field",
  ],
  [
    "neither query nor artifact",
    { ...interaction, queryText: undefined },
    "queryText",
    "queryText or at least one artifact reference is required",
  ],
  ["not an object", [], "", expect.any(String)],
])("%s is refused with its path", async (_what, body, path, message) => {
  const http = openHttp();
  expect(await post(http, { body })).toMatchObject({
    status: 400,
    headers: { "content-type": "application/problem+json" },
    body: { code: "request_invalid", errors: [{ path, message }] },
  });
  expect(await allOf(http.ports, "job")).toEqual([]);
});

test.each([
  ["malformed JSON", { body: '{"platformType":' }, 400, "request_malformed"],
  [
    "bytes that are not UTF-8",
    { body: Buffer.from([0x22, 0xff, 0x22]) },
    400,
    "request_malformed",
  ],
  [
    "no JSON",
    { body: "hello", headers: { "content-type": "text/plain" } },
    415,
    "media_type_unsupported",
  ],
  [
    "a body above 1 MiB",
    { body: "x".repeat(1024 * 1024 + 1) },
    413,
    "request_too_large",
  ],
  [
    "a declared length above 1 MiB",
    { body: "{}", headers: { "content-length": "1048577" } },
    413,
    "request_too_large",
  ],
  [
    "an empty Idempotency-Key",
    { body: interaction, headers: { "idempotency-key": '""' } },
    400,
    "idempotency_key_invalid",
  ],
  [
    "an Idempotency-Key that is too long",
    { body: interaction, headers: { "idempotency-key": "k".repeat(256) } },
    400,
    "idempotency_key_invalid",
  ],
  [
    "an unknown persona",
    { body: { ...interaction, personaIds: ["nobody"] } },
    400,
    "persona_unknown",
  ],
  [
    "an unknown provider",
    {
      body: {
        ...interaction,
        artifactReferences: [
          { referenceId: "r", referenceType: "ftp", sourceUri: "u" },
        ],
      },
    },
    400,
    "provider_unknown",
  ],
  [
    "a callback that may not be called",
    { body: { ...interaction, callbackUrl: "http://127.0.0.1/" } },
    400,
    "url_refused",
  ],
] as const)("%s is refused", async (_what, call, status, code) => {
  const http = openHttp();
  expect(await post(http, call)).toMatchObject({
    status,
    body: { code, status },
  });
  expect(await allOf(http.ports, "job")).toEqual([]);
});

test("a body of exactly 1 MiB, and JSON under a name of its own, are read", async () => {
  const http = openHttp();
  const text = JSON.stringify(interaction);
  const body = text.padEnd(1024 * 1024, " ");
  const headers = {
    "content-type": "application/vnd.adapter+json; charset=utf-8",
  };
  expect(await post(http, { body, headers })).toMatchObject({ status: 202 });
});

test("a problem says what it is, whether to try again, and which call it was; never what was sent", async () => {
  const http = openHttp();
  const body = { ...interaction, platformType: "a secret platform" };
  const answer = await post(http, { body });
  expect(answer.body).toEqual({
    type: "urn:nucleus:error:request_invalid",
    title: "The request has fields that are missing, malformed or unknown.",
    status: 400,
    detail: "Correct the fields named in errors[].",
    code: "request_invalid",
    retryable: false,
    instance: "urn:uuid:invocation-1",
    errors: [{ path: "platformType", message: expect.any(String) }],
  });
  expect(JSON.stringify(answer)).not.toContain("secret");
});

test("what breaks inside is a 500 without a word of it, and is logged by its code", async () => {
  const ports = openPorts();
  const http = openHttp({
    ...ports,
    runner: {
      ...ports.runner,
      start: () => Promise.reject(new Error("the query was about layoffs")),
    },
  });
  const answer = await post(http, { body: interaction });
  expect(answer).toMatchObject({ status: 500, body: { code: "internal" } });
  const said = JSON.stringify(answer) + ports.logLines.join("");
  expect(said).not.toContain("layoffs");
  expect(ports.logLines.map((line) => JSON.parse(line) as unknown)).toEqual([
    expect.objectContaining({
      event: "request.failed",
      route: "post-interaction",
      status: 500,
      code: "internal",
    }),
  ]);
});

test("an Idempotency-Key, quoted or bare, is one key; another body under it is refused", async () => {
  const http = openHttp();
  const keyed = (key: string, body: unknown = interaction) =>
    post(http, { body, headers: { "idempotency-key": key } });
  const first = await keyed('"k 1"');
  expect(await keyed("k 1")).toEqual(first);
  expect(await keyed("k 1", { ...interaction, userId: "u2" })).toMatchObject({
    status: 422,
    body: { code: "idempotency_key_reused", retryable: false },
  });
  expect(http.ports.runner.starts).toHaveLength(1);
});

test("while the first request is in flight, the second is told when to come back", async () => {
  const ports = openPorts();
  const started = Promise.withResolvers<void>();
  const proceed = Promise.withResolvers<void>();
  const http = openHttp({
    ...ports,
    runner: {
      ...ports.runner,
      async start(job) {
        started.resolve();
        await proceed.promise;
        return ports.runner.start(job);
      },
    },
  });
  const call = { body: interaction, headers: { "idempotency-key": "k" } };
  const first = post(http, call);
  await started.promise;
  ports.clock.advance(500);
  expect(await post(http, call)).toMatchObject({
    status: 409,
    headers: { "retry-after": "1" },
    body: { code: "idempotency_in_flight", retryable: true },
  });
  proceed.resolve();
  expect(await post(http, call)).toEqual(await first);
});

test("a job tells its progress, and its end, in metadata only", async () => {
  const http = openHttp();
  const { ports, core, call } = http;
  const request = anInteraction({ artifacts: 1 });
  const key = await acceptJob(core, ports, { request });
  const get = (name: string) =>
    call(name, { ...adapter, params: { jobId: key.jobId } });

  expect(await get("get-job-status")).toMatchObject({
    headers: { "retry-after": "1" },
    body: {
      status: "Queued",
      progress: {
        completedSteps: 0,
        totalSteps: 5,
        percentage: 0,
        currentStep: "queued",
      },
    },
  });
  await core.activities.loadPlan(key);
  await core.activities.retrieve({ ...key, index: 0 });
  expect(await get("get-interaction-status")).toMatchObject({
    body: {
      status: "RetrievingContent",
      progress: { completedSteps: 1, percentage: 20, currentStep: "retrieve" },
    },
  });
  expect(await get("get-job-result")).toMatchObject({
    status: 409,
    headers: { "retry-after": "1" },
    body: { code: "job_not_finished" },
  });
  await core.activities.finish({
    ...key,
    status: "Failed",
    failure: { code: "model_refused", step: "persona", retryable: false },
    answered: [],
  });
  const ended = await get("get-job");
  expect(ended).toMatchObject({
    headers: {},
    body: {
      status: "Failed",
      error: {
        code: "model_refused",
        step: "persona",
        retryable: false,
        message: "The model declined to answer.",
      },
      artifacts: [{ index: 0, outcome: "retrieved", sizeBytes: 21 }],
    },
  });
  for (const hidden of ["requestRef", "resultRef", "appId", "source-0"])
    expect(JSON.stringify(ended.body)).not.toContain(hidden);
  expect(await get("get-job-result")).toMatchObject({
    status: 409,
    body: {
      code: "job_has_no_result",
      jobStatus: "Failed",
      error: { code: "model_refused" },
    },
  });
});

test("a result is given out uncached while it is kept, and is gone after it", async () => {
  const http = openHttp();
  const { ports, core, call } = http;
  const key = await acceptJob(core, ports);
  await core.activities.loadPlan(key);
  await core.activities.persona({
    ...key,
    personaId: "analyst",
    item: 0,
    readable: [],
  });
  await core.activities.finish({
    ...key,
    status: "Completed",
    answered: ["analyst"],
  });
  const get = () =>
    call("get-job-result", { ...adapter, params: { jobId: key.jobId } });
  expect(await get()).toMatchObject({
    status: 200,
    headers: {
      "cache-control": "no-store",
      "content-type": "application/json",
    },
    body: {
      jobId: key.jobId,
      status: "Completed",
      personas: [{ personaId: "analyst" }],
    },
  });
  ports.clock.advance(resultTtlMs);
  await core.sweep(ports.runner);
  expect(await get()).toMatchObject({
    status: 410,
    body: { code: "result_gone" },
  });
});

test("a ticket opens its own job's result without a token; another job's or a made-up one does not", async () => {
  const http = openHttp();
  const { ports, core, call } = http;
  const key = await acceptJob(core, ports);
  const other = await acceptJob(core, ports);
  for (const job of [key, other])
    await core.activities.finish({ ...job, status: "Completed", answered: [] });
  const ticket = await core.tickets.mint(key, ports.clock.now() + 60_000_000);
  const redeem = (jobId: string, presented: string) =>
    call("get-job-result", {
      params: { jobId },
      headers: { "nucleus-result-ticket": presented },
    });
  expect(await redeem(other.jobId, ticket)).toMatchObject({ status: 401 });
  expect(await redeem(key.jobId, "dDE.nrt_x")).toMatchObject({ status: 401 });
  expect(await redeem(key.jobId, "")).toMatchObject({ status: 401 });
  expect(await redeem(key.jobId, ticket)).toMatchObject({
    status: 200,
    body: { jobId: key.jobId },
  });
});

test("a cancelled job is told to the engine and to later steps; one that has ended is not cancelled", async () => {
  const http = openHttp();
  const { ports, core, call } = http;
  const key = await acceptJob(core, ports);
  const cancel = () =>
    call("cancel-job", { ...adapter, params: { jobId: key.jobId } });
  expect(await cancel()).toMatchObject({
    status: 202,
    body: { status: "Queued" },
  });
  expect(await cancel()).toMatchObject({ status: 202 });
  expect(ports.runner.cancelled).toEqual([key.jobId, key.jobId]);
  expect(await core.activities.loadPlan(key)).toEqual({
    ok: false,
    code: "job_cancelled",
  });

  await core.activities.finish({ ...key, status: "Completed", answered: [] });
  expect(await cancel()).toMatchObject({
    status: 409,
    body: { code: "job_already_finished" },
  });
});

test("what cannot be an id is not found", async () => {
  const { call } = openHttp();
  for (const jobId of ["", "../job", "a".repeat(129)])
    expect(
      await call("get-job", { ...adapter, params: { jobId } }),
    ).toMatchObject({ status: 404, body: { code: "not_found" } });
});

test("a webhook's secret is shown once, and its URL to its own application only", async () => {
  const { call, core } = openHttp();
  const body = { url: "https://subscriber.example/hook?token=1" };
  const made = await call("post-webhook", { ...adapter, body });
  expect(made).toMatchObject({
    status: 201,
    body: {
      url: body.url,
      status: "active",
      secret: expect.stringMatching(/^whsec_/),
    },
  });
  const listed = await call("list-webhooks", adapter);
  expect(listed.body).toMatchObject({ webhooks: [{ url: body.url }] });
  expect(JSON.stringify(listed)).not.toContain("whsec_");
  expect(await core.subscriptions.list(aPrincipal({ appId: "app-2" }))).toEqual(
    [],
  );

  const refused = { url: "http://10.0.0.1/hook" };
  expect(
    await call("post-webhook", { ...adapter, body: refused }),
  ).toMatchObject({
    status: 400,
    body: { code: "url_refused", path: "url" },
  });
});

test.each(["0", "201", "ten"])(
  "a page of %s deliveries is refused",
  async (limit) => {
    const { call, core } = openHttp();
    const { webhookId } = (
      await call("post-webhook", {
        ...adapter,
        body: { url: "https://subscriber.example/hook" },
      })
    ).body as { webhookId: string };
    expect(await core.subscriptions.list(aPrincipal())).toHaveLength(1);
    expect(
      await call("list-deliveries", {
        ...adapter,
        params: { webhookId },
        query: { limit },
      }),
    ).toMatchObject({ status: 400, body: { errors: [{ path: "limit" }] } });
  },
);
