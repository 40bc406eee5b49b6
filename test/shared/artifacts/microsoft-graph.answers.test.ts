import { expect, test } from "vitest";
import type { OpenArtifact } from "../../../shared/artifacts/artifact-provider.ts";
import { Content } from "../../../shared/kernel/content.ts";
import type { ErrorCode } from "../../../shared/kernel/errors.ts";
import { contosoId } from "../../azure/entra.ts";
import { toErrorBody } from "../../azure/graph-state.ts";
import { failureOf, readAll } from "../../contracts/artifact-provider.ts";
import { contoso, driveId, openGraph } from "./graph-source.ts";

const itemId = "01ABCDEF";
const uri = `drives/${driveId}/items/${itemId}`;

async function openFile(facets: Readonly<Record<string, unknown>> = {}) {
  const { graph, provider } = await openGraph();
  const put = (bytes: string) =>
    graph.put({
      tenantId: contosoId,
      driveId,
      itemId,
      bytes: Buffer.from(bytes),
      facets,
    });
  put("the report");
  const open = (maxBytes = 1000): Promise<OpenArtifact> =>
    provider.open({
      tenantId: contoso,
      sourceUri: Content.fromText(uri),
      maxBytes,
      signal: new AbortController().signal,
    });
  const outcome = (maxBytes = 1000): Promise<ErrorCode | "none"> =>
    failureOf(provider, uri, { tenantId: contoso, maxBytes });
  return { graph, put, open, outcome };
}

test("an item comes with the type that its drive knows, its size and its content's tag", async () => {
  const { graph, open } = await openFile();
  const artifact = await open();
  expect(artifact).toMatchObject({
    declaredMediaType:
      "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    sizeBytes: 10,
  });
  expect(artifact.etag?.revealText()).toBe('"c:{01ABCDEF},1"');
  expect((await readAll(artifact.bytes)).toString()).toBe("the report");
  expect(graph.calls.map(({ path }) => path)).toEqual([
    `/v1.0/${uri}?$select=size,eTag,cTag,file,malware`,
    `/v1.0/${uri}/content`,
    `/v1.0/${uri}?$select=size,eTag,cTag,file,malware`,
  ]);
});

test("the token goes to Graph, and never to the host of the download", async () => {
  const { graph, outcome } = await openFile();
  expect(await outcome()).toBe("none");
  for (const { authorization } of graph.calls)
    expect(authorization).toMatch(/^Bearer [\w-]+\.[\w-]+\.[\w-]+$/);
  expect(graph.downloads).toHaveLength(1);
  expect(graph.downloads[0]).not.toHaveProperty(
    "authorization",
    expect.any(String),
  );
});

test("an item that changes while it is asked for is read in one version, at a later attempt", async () => {
  const { graph, put, open, outcome } = await openFile();
  graph.beforeDownload(() => void put("the next report"));
  expect(await outcome()).toBe("artifact_unreachable");
  const artifact = await open();
  expect((await readAll(artifact.bytes)).toString()).toBe("the next report");
  expect(artifact.etag?.revealText()).toBe('"c:{01ABCDEF},2"');
});

test.each([
  ["a folder", { file: undefined, folder: { childCount: 2 } }],
  ["a notebook", { file: undefined, package: { type: "oneNote" } }],
  ["a shortcut", { file: undefined, remoteItem: { id: "01X" } }],
  ["malware", { malware: { description: "found" } }],
])("%s is rejected, and not downloaded", async (_, facets) => {
  const { graph, outcome } = await openFile(facets);
  expect(await outcome()).toBe("artifact_rejected");
  expect(graph.downloads).toEqual([]);
});

test("an item that is too large by its own count is not downloaded", async () => {
  const { graph, outcome } = await openFile();
  expect(await outcome(9)).toBe("artifact_too_large");
  expect(graph.downloads).toEqual([]);
});

test("an item whose download is larger than its count is too large, one that is smaller is whole", async () => {
  const larger = await openFile({ size: 3 });
  expect(await larger.outcome(9)).toBe("artifact_too_large");
  const smaller = await openFile({ size: 12 });
  const artifact = await smaller.open();
  expect(artifact.sizeBytes).toBe(10);
  expect((await readAll(artifact.bytes)).byteLength).toBe(10);
});

const answers: readonly (readonly [number, string, ErrorCode])[] = [
  [206, "partial", "artifact_rejected"],
  [304, "notModified", "artifact_rejected"],
  [400, "invalidRequest", "artifact_rejected"],
  [401, "InvalidAuthenticationToken", "artifact_forbidden"],
  [403, "accessDenied", "artifact_forbidden"],
  [404, "itemNotFound", "artifact_not_found"],
  [408, "timeout", "artifact_unreachable"],
  [410, "itemNotFound", "artifact_not_found"],
  [423, "resourceLocked", "artifact_unreachable"],
  [429, "activityLimitReached", "artifact_throttled"],
  [500, "generalException", "artifact_unreachable"],
  [502, "UnknownError", "artifact_unreachable"],
  [503, "serviceNotAvailable", "artifact_unreachable"],
  [504, "UnknownError", "artifact_unreachable"],
  [509, "activityLimitReached", "artifact_throttled"],
];
const calls = [
  ["the item", itemId],
  ["its content", "/content"],
] as const;

test.each(
  calls.flatMap(([what, ending]) =>
    answers.map((answer) => [what, ending, ...answer] as const),
  ),
)(
  "%s (%s) answered with %i %s is %s",
  async (_, ending, status, code, expected) => {
    const { graph, outcome } = await openFile();
    const body = JSON.stringify(toErrorBody(code, "The marker-42 is why."));
    graph.answerNext(ending, { status, ...(status !== 304 && { body }) });
    expect(await outcome()).toBe(expected);
    expect(await outcome()).toBe("none");
  },
);

test.each([
  [429, "7", 7000],
  [503, "Thu, 01 Jan 2026 00:00:30 GMT", 30_000],
  [509, "99999", 3_600_000],
  [429, "soon", undefined],
])("%i with Retry-After %s says to wait %j ms", async (status, header, ms) => {
  const { graph, open } = await openFile();
  for (const [, ending] of calls) {
    graph.answerNext(ending, { status, headers: { "retry-after": header } });
    await expect(open()).rejects.toMatchObject({
      code: "artifact_throttled",
      retryAfterMs: ms,
    });
  }
});

test("throttling at the second look at the item is throttling, and holds no download", async () => {
  const { graph, outcome } = await openFile();
  graph.beforeDownload(() => graph.answerNext(itemId, { status: 429 }));
  expect(await outcome()).toBe("artifact_throttled");
  await expect.poll(() => graph.open()).toBe(0);
});

test.each([
  ["no JSON", "<html>"],
  ["no object", "[]"],
  ["a size that is text", '{"size":"10","file":{}}'],
  ["more than an item takes", `{"file":{},"x":"${"x".repeat(1_100_000)}"}`],
])("an item that is %s is rejected", async (_, body) => {
  const { graph, outcome } = await openFile();
  graph.answerNext(itemId, { status: 200, body });
  expect(await outcome()).toBe("artifact_rejected");
});

test("a redirect to where calls may not go is refused, one of the item itself rejected", async () => {
  const { graph, outcome } = await openFile();
  const headers = { location: "https://169.254.169.254/latest/meta-data" };
  graph.answerNext("/content", { status: 302, headers });
  expect(await outcome()).toBe("artifact_refused");
  graph.answerNext(itemId, { status: 302, headers });
  expect(await outcome()).toBe("artifact_rejected");
});

test("errors say nothing of what Graph said", async () => {
  const { graph, open } = await openFile();
  const body = JSON.stringify(toErrorBody("accessDenied", "marker-42"));
  graph.answerNext(itemId, { status: 403, body });
  const error: unknown = await open().catch((thrown: unknown) => thrown);
  expect(error).not.toHaveProperty("cause");
  expect(`${String(error)}${JSON.stringify(error)}`).not.toMatch(
    /marker-42|01ABCDEF|accessDenied/,
  );
});
