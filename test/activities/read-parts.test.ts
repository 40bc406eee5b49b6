import { expect, onTestFinished, test } from "vitest";
import { createOpenAiCompatibleModel } from "../../shared/personas/adapters/openai-compatible.ts";
import { toLevels } from "../../shared/personas/part-counts.ts";
import { PersonaOpinion } from "../../shared/personas/persona-model.ts";
import { withPersonaRules } from "../../shared/personas/with-persona-rules.ts";
import { contentNames, workRef } from "../../shared/results/content-names.ts";
import {
  type Reply,
  saysJson,
  startChatServer,
} from "../shared/personas/chat-server.ts";
import { aPersona } from "../shared/personas/persona-builders.ts";
import {
  acceptJob,
  anInteraction,
  createCore,
  openPorts,
  tag,
} from "../support/core.ts";

const spent = { inputTokens: 0, outputTokens: 0 };
const chapter = (number: number): string =>
  `<!-- page ${number} -->\n# Chapter ${number}\n\n${Array.from({ length: 40 }, (_, n) => `Chapter ${number} says in sentence ${n} that the harbour is calm.`).join("\n\n")}`;
const book = Array.from({ length: 12 }, (_, n) => chapter(n + 1)).join("\n\n");

/** A model that says what every part says, and quotes a line of it and one that nobody has written. */
const summarises: Reply = (response, body) => {
  const [text = ""] =
    /^Chapter \d+ says .*\.$/m.exec(body.messages[1]?.content ?? "") ?? [];
  return saysJson({
    answer: "It is calm.",
    keyPoints: ["The harbour is calm."],
    quotes: [
      { document: 0, text },
      { document: 0, text: "Nobody has written this." },
    ],
    notFound: false,
  })(response, body);
};

/** A job whose one persona has a model on the wire that holds about 2,000 tokens. */
async function openReader(
  settings: Readonly<Record<string, unknown>> = {},
  queryText?: string,
) {
  const server = await startChatServer(...Array(500).fill(summarises));
  onTestFinished(() => server.close());
  const ports = openPorts();
  const endpoint = {
    baseUrl: server.baseUrl,
    apiKey: undefined,
    model: "stub",
    timeoutMs: 10_000,
  };
  const model = withPersonaRules(
    createOpenAiCompatibleModel(endpoint),
    new Map(),
  );
  const core = createCore({ ...ports, model: { ...model, failures: [] } });
  const persona = aPersona({
    personaId: "reader",
    model: { maxInputTokens: 2_600, maxOutputTokens: 300, ...settings },
  });
  core.personas.set(persona.personaId, persona);
  ports.provider.documents.set("source-0", book);
  const key = await acceptJob(core, ports, {
    request: anInteraction({ artifacts: 1, queryText }),
    personaIds: ["reader"],
  });
  await core.activities.retrieve({ ...key, index: 0 });
  await core.activities.extract({ ...key, index: 0 });
  const reader = { ...key, personaId: tag("reader"), item: 0 };
  const input = { ...reader, readable: [0], round: 1, others: [] };
  const open = async () => {
    const opened = await core.activities.open(input);
    if (!opened.ok) throw new Error(opened.code);
    return opened.value;
  };
  const read = (level: number, part: number, before = spent) =>
    core.activities.read({ ...reader, level, part, spent: before });
  const opinion = async () =>
    PersonaOpinion.parse(
      (
        await core.safe.open(
          workRef(key.jobId, contentNames.opinion(reader.personaId)),
        )
      ).revealJson(),
    );
  return { core, key, server, input, open, read, opinion };
}

test("a summary of more than one call holds is read in parts, noted, and quotes the documents themselves", async () => {
  const { core, key, server, input, open, read, opinion } = await openReader();
  const { parts, opinion: none } = await open();
  if (parts === undefined) throw new Error("no parts");
  expect(none).toBeUndefined();
  expect(parts.planned).toBe(parts.parts);
  expect(parts.parts).toBeGreaterThan(5);
  expect(server.calls).toEqual([]);
  for (const [below, count] of toLevels(parts).entries())
    for (let part = 0; part < count; part += 1)
      expect(await read(below + 1, part)).toMatchObject({ ok: true });
  const concluded = await core.activities.conclude(input);
  expect(concluded).toMatchObject({
    ok: true,
    value: {
      partsRead: parts.parts,
      parts: parts.parts,
      quotes: 1,
      droppedQuotes: 1,
    },
  });
  const { quotes, coverage, usage } = await opinion();
  expect(coverage).toEqual({ partsRead: parts.parts, parts: parts.parts });
  expect(quotes).toMatchObject([
    { artifactIndex: 0, page: 1, heading: "Chapter 1" },
  ]);
  expect(book).toContain(quotes[0]?.text);
  expect(usage.documentTokens).toBeGreaterThan(5_000);
  for (const { body } of server.calls)
    expect(JSON.stringify(body.messages).length).toBeLessThan(3.5 * 2_600);
  const stored = await core.records.read(key);
  expect(stored?.document.readsInParts).toBe(true);
});

test("a part that was noted is not read again, and cuts are the same at every attempt", async () => {
  const { server, open, read } = await openReader();
  const first = await open();
  expect(await open()).toEqual(first);
  const noted = await read(1, 0);
  expect(await read(1, 0)).toEqual(noted);
  expect(server.calls).toHaveLength(1);
});

test("parts that could not be read are missing, and the opinion says so", async () => {
  const { core, input, open, read } = await openReader();
  const { parts } = await open();
  if (parts === undefined) throw new Error("no parts");
  await read(1, 1);
  for (let level = 2; level <= toLevels(parts).length; level += 1)
    await read(level, 0);
  expect(await core.activities.conclude(input)).toMatchObject({
    ok: true,
    value: { partsRead: 1, parts: parts.parts },
  });
});

test("fewer parts are planned than the budget buys calls, from the first to the last; and a lane takes its share only", async () => {
  const { server, open, read } = await openReader({
    budget: { maxTokens: 40_000 },
  });
  const { parts } = await open();
  if (parts === undefined) throw new Error("no parts");
  expect(parts.planned).toBeGreaterThan(1);
  expect(parts.planned).toBeLessThan(parts.parts);
  await read(1, parts.planned - 1);
  expect(server.calls[0]?.body.messages[1]?.content).toMatch(/Chapter 1[12] /);
  expect(await read(1, 0, { inputTokens: 7_000, outputTokens: 0 })).toEqual({
    ok: false,
    code: "persona_budget_exceeded",
  });
  expect(server.calls).toHaveLength(1);
});

test("a question is answered in one call, from what is about it", async () => {
  const { open, server } = await openReader(
    {},
    "What does chapter 7 say in sentence 12?",
  );
  expect(await open()).toMatchObject({ opinion: { item: 0 } });
  expect(server.calls).toHaveLength(1);
  expect(server.calls[0]?.body.messages[1]?.content).toContain(
    "Chapter 7 says in sentence 12",
  );
});

test("a later round rests on the notes that there are", async () => {
  const { core, server, input, open, read } = await openReader();
  const { parts } = await open();
  if (parts === undefined) throw new Error("no parts");
  for (const [below, count] of toLevels(parts).entries())
    for (let part = 0; part < count; part += 1) await read(below + 1, part);
  await core.activities.conclude(input);
  const before = server.calls.length;
  expect(await core.activities.open({ ...input, round: 2 })).toMatchObject({
    ok: true,
    value: { opinion: { round: 2, partsRead: parts.parts } },
  });
  expect(server.calls).toHaveLength(before + 1);
});
