import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
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
import { startApp } from "../support/running-app.ts";

/** 200 artifacts of five pages: 1,000 pages of 500 words. */
const artifacts = 200;
const pagesEach = 5;
const names = Array.from({ length: artifacts }, (_, n) => `report-${n}.md`);

const needle = "The spare impeller is kept in locker 4711.";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "nucleus-long-"));
  for (const [index, name] of names.entries())
    await writeFile(join(root, name), report(index));
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

function report(index: number): string {
  const page = (number: number) =>
    `## Section ${number}\n\n${Array.from({ length: 50 }, (_, n) => `Report ${index} notes in section ${number} that pump ${n} ran ${(index * 37 + n) % 97} hours.`).join("\n\n")}`;
  const end = index === 151 ? `\n\n${needle}` : "";
  return `# Report ${index}\n\n${Array.from({ length: pagesEach }, (_, n) => page(n + 1)).join("\n\n")}${end}`;
}

async function run(settings: Record<string, string>, queryText?: string) {
  const app = await startApp({
    settings: { ARTIFACT_ROOT: root, ...settings },
  });
  try {
    const startedAtMs = Date.now();
    const { jobId } = await postInteraction(app, {
      ...interactionBody({
        artifactReferences: fileReferences(...names),
        personaIds: ["analyst"],
      }),
      queryText,
    });
    const ended = await untilEnded(app, jobId);
    const ms = Date.now() - startedAtMs;
    const [pid = 0] = app.host.workerPids;
    const [, peakKb = "0"] =
      /VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, "utf8")) ??
      [];
    return {
      ended,
      ms,
      workerPeakMb: Number(peakKb) / 1024,
      result: await readResult(app, jobId),
    };
  } finally {
    await app.stop();
  }
}

test("1,000 pages in 200 artifacts: the offline model finds the one sentence", async () => {
  const { ended, ms, workerPeakMb, result } = await run(
    {},
    "Where is the spare impeller kept?",
  );
  expect(ms).toBeLessThan(120_000);
  expect(workerPeakMb).toBeLessThan(600);
  expect(ended).toMatchObject({ status: "Completed" });
  expect(result.artifacts).toHaveLength(artifacts);
  expect(result.personas[0]?.quotes[0]).toMatchObject({
    artifactIndex: 151,
    text: needle,
  });
});

test("1,000 pages in 200 artifacts: a language model summarises them in parts", async () => {
  const summary: Reply = (response, body) => {
    const [text = ""] =
      /^Report \d+ notes .*\.$/m.exec(body.messages[1]?.content ?? "") ?? [];
    return saysJson({
      answer: "The pumps ran.",
      keyPoints: ["Pumps ran."],
      quotes: [{ document: 0, text }],
      notFound: false,
    })(response, body);
  };
  const endpoint = await startChatServer(...Array<Reply>(400).fill(summary));
  try {
    const { ended, ms, workerPeakMb, result } = await run({
      MODEL: "openai-compatible",
      MODEL_BASE_URL: endpoint.baseUrl,
      MODEL_NAME: "gpt-4o-stub",
      MODEL_API_KEY: "key",
    });
    expect(ended).toMatchObject({ status: "Completed" });
    const [opinion] = result.personas;
    expect(ms).toBeLessThan(120_000);
    expect(workerPeakMb).toBeLessThan(600);
    expect(opinion?.coverage?.partsRead).toBe(opinion?.coverage?.parts);
    expect(opinion?.coverage?.parts).toBeGreaterThan(20);
    expect(opinion?.quotes).toHaveLength(1);
  } finally {
    await endpoint.close();
  }
});
