import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { interactionBody } from "../support/jobs.ts";
import { type RunningApp, startApp } from "../support/running-app.ts";

const route = "/api/v1/interactions";
const reference = {
  referenceId: "r1",
  referenceType: "file",
  sourceUri: "a.md",
};

let app: RunningApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const post = (body: unknown, headers: Record<string, string> = {}) =>
  app.call("POST", route, { body, headers });

describe("a malformed interaction is refused with the path of each fault", () => {
  test.each<[string, Record<string, unknown>, string[]]>([
    ["an unknown field", { adapterVersion: 1 }, ["adapterVersion"]],
    [
      "an unknown field of a reference",
      { artifactReferences: [{ ...reference, size: 1 }] },
      ["artifactReferences[0].size"],
    ],
    ["an unknown platform", { platformType: "Matrix" }, ["platformType"]],
    ["a missing id", { conversationId: undefined }, ["conversationId"]],
    ["an empty id", { userId: "" }, ["userId"]],
    ["neither query nor reference", { queryText: undefined }, ["queryText"]],
    ["an empty query", { queryText: "" }, ["queryText"]],
    ["a query that is no text", { queryText: 7 }, ["queryText"]],
    ["a relative callback", { callbackUrl: "/done" }, ["callbackUrl"]],
    [
      "a callback by mail",
      { callbackUrl: "mailto:a@b.example" },
      ["callbackUrl"],
    ],
    ["an unknown priority", { priority: "soon" }, ["priority"]],
    ["a tag of two words", { tags: ["ok", "two words"] }, ["tags[1]"]],
    ["a time in words", { timestampUtc: "yesterday" }, ["timestampUtc"]],
    ["metadata that is no text", { metadata: { a: 1 } }, ["metadata.a"]],
    ["no persona at all", { personaIds: [] }, ["personaIds"]],
    [
      "references that are no list",
      { artifactReferences: reference },
      ["artifactReferences"],
    ],
    [
      "more than 200 references",
      { artifactReferences: Array.from({ length: 201 }, () => reference) },
      ["artifactReferences"],
    ],
    [
      "two faults",
      { priority: 1, artifactReferences: [{ ...reference, sourceUri: "" }] },
      ["artifactReferences[0].sourceUri", "priority"],
    ],
  ])("%s", async (_fault, fields, paths) => {
    const answer = await post(interactionBody(fields));
    expect(answer.status).toBe(400);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    const { code, errors } = answer.body as {
      code: string;
      errors: { path: string; message: string }[];
    };
    expect(code).toBe("request_invalid");
    expect(errors.map(({ path }) => path)).toEqual(paths);
  });
});

test("an unknown persona, provider or private callback is refused with its path and what there is", async () => {
  expect(
    await post(interactionBody({ personaIds: ["analyst", "oracle"] })),
  ).toMatchObject({
    status: 400,
    body: {
      code: "persona_unknown",
      path: "personaIds",
      unknown: ["oracle"],
      known: ["analyst", "compliance", "educator", "summarizer"],
    },
  });
  expect(
    await post(
      interactionBody({
        artifactReferences: [reference, { ...reference, referenceType: "ftp" }],
      }),
    ),
  ).toMatchObject({
    status: 400,
    body: {
      code: "provider_unknown",
      path: "artifactReferences[1].referenceType",
      known: ["https", "file"],
    },
  });
  for (const callbackUrl of [
    "https://10.0.0.1/done",
    "http://example.com/done",
    "https://localhost/done",
    "https://[::1]:8443/done",
    "https://user:password@example.com/done",
  ])
    expect(await post(interactionBody({ callbackUrl }))).toMatchObject({
      status: 400,
      body: { code: "url_refused", path: "callbackUrl" },
    });
});

test("a problem follows RFC 9457 and repeats nothing of what was sent", async () => {
  const answer = await post(
    interactionBody({ priority: "Zugspitze-4711", userId: 5 }),
  );
  expect(answer.body).toEqual({
    type: "urn:nucleus:error:request_invalid",
    title: expect.any(String) as unknown,
    status: 400,
    detail: expect.any(String) as unknown,
    code: "request_invalid",
    retryable: false,
    instance: expect.stringMatching(/^urn:uuid:/) as unknown,
    errors: expect.any(Array) as unknown,
  });
  expect(JSON.stringify(answer.body)).not.toContain("Zugspitze");
});

describe("a body that is not a JSON object of at most 1 MiB is refused", () => {
  test.each([
    ["text", "hello", "text/plain", 415, "media_type_unsupported"],
    ["a form", "a=1", "multipart/form-data", 415, "media_type_unsupported"],
    ["broken JSON", '{"a":', "application/json", 400, "request_malformed"],
    ["no JSON at all", " ", "application/json", 400, "request_malformed"],
    ["a list", "[]", "application/json", 400, "request_invalid"],
  ])("%s", async (_name, body, contentType, status, code) => {
    expect(await post(body, { "content-type": contentType })).toMatchObject({
      status,
      body: { code },
    });
  });

  test("a byte too many, announced or not", async () => {
    const fitting = JSON.stringify(interactionBody());
    const body = fitting.padEnd(1024 * 1024 + 1);
    expect(await post(body)).toMatchObject({
      status: 413,
      body: { code: "request_too_large" },
    });
    expect(await post(body.slice(0, -1))).toMatchObject({ status: 202 });
    const streamed = await fetch(`${app.url}${route}`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${await app.token()}`,
        "content-type": "application/json",
      },
      body: new Blob([body]).stream(),
      duplex: "half",
    });
    expect(streamed.status).toBe(413);
  });

  test("bytes that are not UTF-8", async () => {
    const response = await fetch(`${app.url}${route}`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${await app.token()}`,
        "content-type": "application/json",
      },
      body: Buffer.from([0x22, 0xff, 0x22]),
    });
    expect(response.status).toBe(400);
  });
});

test("what is not there is not found", async () => {
  for (const id of [
    "0198f7c2-0000-7000-8000-000000000000",
    "no such id",
    "%2e%2e%2f",
    "x".repeat(300),
  ])
    for (const path of ["", "/status", "/result"])
      expect(await app.call("GET", `/api/v1/jobs/${id}${path}`)).toMatchObject({
        status: 404,
      });
  for (const path of ["/api/v1/nothing", "/api/v2/interactions", "/api"])
    expect((await fetch(`${app.url}${path}`)).status).toBe(404);
});
