import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  parsePersona,
  PersonaInvalid,
  toLine,
} from "../../shared/personas/parse-persona.ts";
import { PersonaDefinition } from "../../shared/personas/persona.ts";
import { postInteraction, readResult, untilEnded } from "../support/jobs.ts";
import { type RunningApp, startApp } from "../support/running-app.ts";

const root = resolve(import.meta.dirname, "../..");
const page = await readFile(join(root, "docs/personas.md"), "utf8");
const blocksOf = (language: string): string[] =>
  [...page.matchAll(/^```(\w*)\n(.*?)^```/gms)].flatMap(([, of, text = ""]) =>
    of === language ? [text] : [],
  );
const [clerk = "", broken = "", route = ""] = blocksOf("yaml");
const [ignored, ignoredAnswer, aboutLease, clerkOpinion, consensus] = blocksOf(
  "json",
).map((text) => JSON.parse(text) as Readonly<Record<string, unknown>>);

/** Scores are the offline model's, and follow how it searches. */
const withAnyConfidence = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (key, item: unknown) =>
    key === "confidence" ? (expect.any(Number) as unknown) : item,
  );

function problemsOf(yaml: string): string[] {
  try {
    parsePersona(yaml, "clerk.yaml");
    return [];
  } catch (thrown) {
    if (thrown instanceof PersonaInvalid) return thrown.problems.map(toLine);
    throw thrown;
  }
}

let folder: string;
let app: RunningApp;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nucleus-personas-"));
  await writeFile(join(folder, "lease-clerk.yaml"), clerk);
  app = await startApp({ settings: { PERSONA_DIR: `personas,${folder}` } });
});
afterAll(async () => {
  await app.stop();
  await rm(folder, { recursive: true, force: true });
});

describe("what docs/personas.md shows", () => {
  test("about a broken file is what is told of it", () => {
    const [told = ""] = blocksOf("");
    expect(problemsOf(broken)).toEqual(told.trim().split("\n"));
  });

  test("about models is a part of a persona's file", () => {
    const { model } = parsePersona(`${clerk}\n${route}`, "clerk.yaml");
    expect(model.fallbacks).toHaveLength(2);
  });

  test("about fields names every one of them that conditions and guardrails have", () => {
    const shape = PersonaDefinition.shape;
    const guardrails = Object.keys(shape.guardrails.parse({}));
    const when = shape.activation.unwrap().shape.when.element.shape;
    for (const field of [...guardrails, ...Object.keys(when)])
      expect(page).toContain(`\`${field}\``);
  });

  test("of a persona of one's own works beside the built-in ones, and they come to one answer", async () => {
    const { jobId } = await postInteraction(app, aboutLease ?? {});
    expect(await untilEnded(app, jobId)).toMatchObject({ status: "Completed" });
    const result = await readResult(app, jobId);
    expect(result.personas[1]).toMatchObject(clerkOpinion ?? {});
    expect(result).toMatchObject({ consensus: withAnyConfidence(consensus) });
  });

  test("of the list of personas is what an adapter is given", async () => {
    const { body } = await app.call("GET", "/api/v1/personas");
    const { personas } = body as { personas: { personaId: string }[] };
    expect(personas.map(({ personaId }) => personaId)).toEqual([
      "analyst",
      "compliance",
      "educator",
      "summarizer",
      "lease-clerk",
    ]);
    expect(JSON.stringify(body)).not.toContain("You read leases");
  });
});

test("without anybody who works unasked, the interaction of docs/personas.md is ignored as it says", async () => {
  const other = await mkdtemp(join(tmpdir(), "nucleus-personas-"));
  await writeFile(
    join(other, "analyst.yaml"),
    "personaId: analyst\ndisplayName: None\nisEnabled: false\ninstructions: None.\n",
  );
  const quiet = await startApp({
    settings: { PERSONA_DIR: `personas,${folder},${other}` },
  });
  try {
    const answer = await quiet.call("POST", "/api/v1/interactions", {
      body: ignored,
    });
    expect(answer).toMatchObject({ status: 200, body: ignoredAnswer });
  } finally {
    await quiet.stop();
    await rm(other, { recursive: true });
  }
});
