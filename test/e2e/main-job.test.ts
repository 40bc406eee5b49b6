import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import {
  fileReferences,
  interactionBody,
  type JobStatus,
  postInteraction,
  readResult,
  runInteraction,
  untilEnded,
} from "../support/jobs.ts";
import { eventsOf, recordsOf } from "../support/log-events.ts";
import { type RunningApp, startApp } from "../support/running-app.ts";

const appRoot = resolve(import.meta.dirname, "../..");
const documentFolder = join(appRoot, "examples/documents");
const documents = [
  "01-lease-agreement.pdf",
  "02-security-incident-report.docx",
  "03-budget-2027.xlsx",
  "04-product-page.html",
  "05-steering-committee-minutes.md",
];
const mediaTypes = [
  "application/pdf",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  "text/html",
  "text/markdown",
];
const priceQuestion = "What does one TW-3 buoy cost without tax?";

let app: RunningApp;
let personaFolder: string;
beforeAll(async () => {
  personaFolder = await createPersonas("analyst", "auditor");
  app = await startApp({
    settings: { PERSONA_DIR: relative(appRoot, personaFolder) },
  });
});
afterAll(async () => {
  await app.stop();
  await rm(personaFolder, { recursive: true, force: true });
});

/** A folder of personas that differ in their ids only; nobody but the analyst works unasked. */
async function createPersonas(...ids: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "nucleus-personas-"));
  const text = await readFile(join(appRoot, "personas/analyst.yaml"), "utf8");
  for (const id of ids)
    await writeFile(
      join(folder, `${id}.yaml`),
      id === "analyst"
        ? text
        : text
            .replace("personaId: analyst", `personaId: ${id}`)
            .replace("    - {}", "    - tags: [never]"),
    );
  return folder;
}

const isRising = (values: readonly number[]) =>
  values.every((value, at) => at === 0 || value >= (values[at - 1] ?? 0));

test("a question about five documents completes, with the result in the agreed shape", async () => {
  const { jobId } = await postInteraction(
    app,
    interactionBody({
      queryText: priceQuestion,
      artifactReferences: fileReferences(...documents),
    }),
  );
  expect(await untilEnded(app, jobId)).toMatchObject({ status: "Completed" });

  const result = await readResult(app, jobId);
  const aNumber = expect.any(Number) as unknown;
  expect(result).toEqual({
    jobId,
    status: "Completed",
    personas: [
      {
        personaId: "analyst",
        version: "1.1.0",
        model: expect.stringMatching(/extractive/) as unknown,
        answer: expect.stringContaining("3,480 EUR") as unknown,
        keyPoints: expect.any(Array) as unknown,
        quotes: expect.any(Array) as unknown,
        notFound: false,
        confidence: aNumber,
        groundedness: aNumber,
        usage: { inputTokens: aNumber, outputTokens: aNumber },
      },
    ],
    artifacts: await Promise.all(
      documents.map(async (file, index) => ({
        index,
        referenceId: `document-${index}`,
        mediaType: mediaTypes[index],
        sizeBytes: (await stat(join(documentFolder, file))).size,
        ...(/\.(?:pdf|xlsx)$/.test(file) && { pages: aNumber }),
        words: aNumber,
        outcome: "read",
      })),
    ),
  });
});

test("each quote stands verbatim in its document, under its heading", async () => {
  const { jobId } = await postInteraction(
    app,
    interactionBody({
      queryText: priceQuestion,
      artifactReferences: fileReferences(...documents),
    }),
  );
  await untilEnded(app, jobId);

  const quotes = (await readResult(app, jobId)).personas[0]?.quotes ?? [];
  expect(quotes[0]).toMatchObject({
    artifactIndex: 3,
    referenceId: "document-3",
    heading: expect.stringContaining("Price and delivery") as unknown,
  });
  const page = await readFile(join(documentFolder, documents[3] ?? ""), "utf8");
  for (const { text } of quotes.filter((quote) => quote.artifactIndex === 3))
    expect(page).toContain(text);
});

test("progress only grows, the state only moves forward, and both end at their end", async () => {
  const { jobId } = await postInteraction(
    app,
    interactionBody({
      queryText: priceQuestion,
      artifactReferences: fileReferences(...documents),
    }),
  );
  const seen: JobStatus[] = [];
  const ended = await untilEnded(app, jobId, {
    watch: (status) => seen.push(status),
  });

  const states = [
    "Queued",
    "Processing",
    "RetrievingContent",
    "Extracting",
    "Analyzing",
    "StoringMetadata",
    "Completed",
  ];
  expect(
    isRising(seen.map(({ progress }) => progress.completedSteps)),
  ).toBeTruthy();
  expect(isRising(seen.map(({ progress }) => progress.percentage))).toBe(true);
  expect(isRising(seen.map(({ status }) => states.indexOf(status)))).toBe(true);
  expect(new Set(seen.map(({ progress }) => progress.totalSteps)).size).toBe(1);
  expect(ended.progress).toEqual({
    completedSteps: ended.progress.totalSteps,
    totalSteps: ended.progress.totalSteps,
    percentage: 100,
    currentStep: null,
  });
});

test("the log tells what happened, under the adapter's correlation id and trace", async () => {
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const { jobId } = await postInteraction(
    app,
    interactionBody({
      correlationId: "ticket-4711",
      artifactReferences: fileReferences("05-steering-committee-minutes.md"),
    }),
    { traceparent },
  );
  await untilEnded(app, jobId);
  await vi.waitFor(() => {
    expect(eventsOf(app, jobId)).toContain("job.finished");
  });

  const records = recordsOf(app, jobId);
  const told = new Set(records.map(({ event }) => event));
  expect([...told]).toEqual(
    expect.arrayContaining([
      "interaction.received",
      "artifact.processing-started",
      "artifact.provider-invoked",
      "artifact.retrieved",
      "extraction.started",
      "extraction.completed",
      "persona.invoked",
      "metadata.stored",
      "job.finished",
    ]),
  );
  const moves = records.filter(({ event }) => event === "job.status-changed");
  expect(moves.map(({ status }) => status)).toEqual([
    "Processing",
    "RetrievingContent",
    "Extracting",
    "Analyzing",
    "StoringMetadata",
    "Completed",
  ]);
  for (const name of ["interaction.received", "job.finished"])
    expect(records.find(({ event }) => event === name)).toMatchObject({
      correlationId: "ticket-4711",
      traceparent,
    });
});

test("the job is told under all its addresses, with times in order and no content", async () => {
  const marker = "Zugspitze-4711";
  const { jobId, statusUrl, resultUrl } = await postInteraction(
    app,
    interactionBody({
      queryText: `What is the price of ${marker}?`,
      conversationId: `the conversation about ${marker}`,
      metadata: { note: marker },
      tags: ["tag-1"],
      priority: "high",
      artifactReferences: fileReferences(documents[4] ?? ""),
    }),
  );
  const ended = await untilEnded(app, jobId);
  expect(statusUrl).toBe(`${app.url}/api/v1/jobs/${jobId}/status`);
  expect(resultUrl).toBe(`${app.url}/api/v1/jobs/${jobId}/result`);

  const answers = await Promise.all(
    [
      `/api/v1/jobs/${jobId}/status`,
      `/api/v1/interactions/${jobId}/status`,
      `/api/v1/jobs/${jobId}`,
    ].map((path) => app.call("GET", path)),
  );
  for (const { status, body } of answers) {
    expect(status).toBe(200);
    expect(body).toMatchObject({ ...ended, statusUrl, resultUrl });
    expect(JSON.stringify(body)).not.toContain(marker);
  }
  expect(answers[2]?.body).toMatchObject({
    tags: ["tag-1"],
    priority: "high",
    platformType: "Test",
    artifacts: [{ index: 0, outcome: "read", mediaType: "text/markdown" }],
  });
  const times = [ended.createdAt, ended.startedAt, ended.completedAt];
  for (const time of [...times, ended.updatedAt])
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(isRising(times.map((time = "") => Date.parse(time)))).toBe(true);
});

test("documents without a question are summarised", async () => {
  const { jobId } = await postInteraction(
    app,
    interactionBody({
      queryText: undefined,
      artifactReferences: fileReferences(documents[4] ?? ""),
    }),
  );
  expect(await untilEnded(app, jobId)).toMatchObject({ status: "Completed" });
  const [opinion] = (await readResult(app, jobId)).personas;
  expect(opinion).toMatchObject({ notFound: false });
  expect(opinion?.quotes.length).toBeGreaterThan(0);
});

test("a question without documents completes and says that nothing was found", async () => {
  const { jobId } = await postInteraction(app, interactionBody());
  expect(await untilEnded(app, jobId)).toMatchObject({ status: "Completed" });
  expect(await readResult(app, jobId)).toMatchObject({
    personas: [{ personaId: "analyst", notFound: true, quotes: [] }],
    artifacts: [],
  });
});

test("a question that the documents do not answer completes and says that nothing was found", async () => {
  const { jobId } = await postInteraction(
    app,
    interactionBody({
      queryText: "What is the boiling point of tungsten?",
      artifactReferences: fileReferences(...documents),
    }),
  );
  expect(await untilEnded(app, jobId)).toMatchObject({ status: "Completed" });
  expect(await readResult(app, jobId)).toMatchObject({
    personas: [{ notFound: true }],
  });
});

test("several personas answer side by side, in the order in which they were asked for", async () => {
  const { jobId } = await postInteraction(
    app,
    interactionBody({
      queryText: priceQuestion,
      personaIds: ["auditor", "analyst", "auditor"],
      artifactReferences: fileReferences(documents[3] ?? ""),
    }),
  );
  expect(await untilEnded(app, jobId)).toMatchObject({ status: "Completed" });
  const { personas } = await readResult(app, jobId);
  expect(personas.map(({ personaId }) => personaId)).toEqual([
    "auditor",
    "analyst",
  ]);
  for (const { answer } of personas) expect(answer).toContain("3,480 EUR");
});

test("every field of the contract is taken", async () => {
  const ended = await runInteraction(app, {
    platformType: "Teams",
    conversationId: "19:meeting_abc@thread.v2",
    userId: "29:1bSsrEWFk…",
    queryText: priceQuestion,
    messageId: "1727000000000",
    replyToMessageId: "1726000000000",
    correlationId: "corr-1",
    artifactReferences: [
      {
        referenceId: "01ABC",
        referenceType: "FILE",
        sourceUri: documents[3],
        tenantId: "contoso",
        fileName: "page.html",
        mimeType: "text/html",
      },
    ],
    metadata: { channel: "general" },
    interactionType: "question",
    personaIds: ["analyst"],
    priority: "urgent",
    tags: ["a", "b"],
    timestampUtc: "2026-11-20T08:00:00+01:00",
  });
  expect(ended).toMatchObject({ status: "Completed" });
});

test("a result is not to be cached by anybody on its way", async () => {
  const { jobId } = await postInteraction(app, interactionBody());
  await untilEnded(app, jobId);
  const { headers } = await app.call("GET", `/api/v1/jobs/${jobId}/result`);
  expect(headers.get("cache-control")).toBe("no-store");
});

test("health tells that the process lives, and of each dependency that it answers", async () => {
  const live = await app.call("GET", "/api/v1/health/live", { caller: null });
  expect(live).toMatchObject({ status: 200, body: { status: "ok" } });
  const ready = await app.call("GET", "/api/v1/health/ready", { caller: null });
  expect(ready).toMatchObject({
    status: 200,
    body: {
      status: "ok",
      checks: {
        documents: "ok",
        vault: "ok",
        keys: "ok",
        secrets: "ok",
        serviceBus: "ok",
      },
    },
  });
});
