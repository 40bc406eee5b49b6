import { describe, expect, test } from "vitest";
import { toJobView } from "../../shared/jobs/job-view.ts";
import { MediaType } from "../../shared/kernel/metadata.ts";
import type {
  PersonaModel,
  PersonaRequest,
} from "../../shared/personas/persona-model.ts";
import { JobResult } from "../../shared/results/result.ts";
import { aPersona } from "../shared/personas/persona-builders.ts";
import {
  acceptJob,
  anInteraction,
  createCore,
  openPorts,
  tag,
} from "../support/core.ts";
import { allOf } from "../support/stored.ts";

/** A job of the personas, on artifacts that are read, with a model that keeps what it is asked. */
async function openJob(options: {
  readonly artifacts?: number;
  readonly personas: readonly Readonly<Record<string, unknown>>[];
  readonly answer?: (request: PersonaRequest) => object;
}) {
  const { artifacts = 1, personas } = options;
  const ports = openPorts();
  const requests: PersonaRequest[] = [];
  const model: PersonaModel = {
    name: "fake",
    async answer(request, signal) {
      requests.push(request);
      const opinion = await ports.model.answer(request, signal);
      return { ...opinion, ...options.answer?.(request) };
    },
  };
  const core = createCore({ ...ports, model: { ...ports.model, ...model } });
  for (const fields of personas) {
    const persona = aPersona(fields);
    core.personas.set(persona.personaId, persona);
  }
  const personaIds = personas.map(({ personaId }) => String(personaId));
  const key = await acceptJob(core, ports, {
    request: anInteraction({ artifacts }),
    personaIds,
  });
  const readable = Array.from({ length: artifacts }, (_, index) => index);
  for (const index of readable) {
    await core.activities.retrieve({ ...key, index });
    await core.activities.extract({ ...key, index });
  }
  const ask = async (item: number, round = 1, others: object[] = []) => {
    const formed = await core.activities.opinion({
      ...key,
      personaId: personaIds[item],
      item,
      readable,
      round,
      others,
    });
    if (!formed.ok) throw new Error(formed.code);
    return formed.value;
  };
  return { ports, core, key, requests, readable, ask };
}

const positionsOf = (request: PersonaRequest | undefined) =>
  request?.documents.map(({ artifactIndex }) => artifactIndex);

describe("a pinned persona", () => {
  test("is the one that the job was accepted with, after an edit, and after it is gone", async () => {
    const { core, key, requests, ask } = await openJob({
      personas: [
        { personaId: "clerk", version: "1.0.0", instructions: "Old." },
      ],
    });
    core.personas.set(
      "clerk",
      aPersona({ personaId: "clerk", version: "2.0.0", instructions: "New." }),
    );
    await ask(0);
    core.personas.delete("clerk");
    await ask(0);
    expect(requests.map(({ persona }) => persona.instructions)).toEqual([
      "Old.",
      "Old.",
    ]);
    const stored = await core.records.read(key);
    expect(stored?.document.personas).toMatchObject([
      { personaId: "clerk", version: "1.0.0" },
    ]);
  });

  test("of a job of before there were pins is today's", async () => {
    const { core, key, requests, ask } = await openJob({
      personas: [{ personaId: "clerk", instructions: "Old." }],
    });
    await core.records.change(key, (job) => {
      const { personas: _, ...before } = job;
      return before;
    });
    core.personas.set(
      "clerk",
      aPersona({ personaId: "clerk", instructions: "New." }),
    );
    await ask(0);
    expect(requests[0]?.persona.instructions).toBe("New.");
  });
});

describe("the knowledge scope", () => {
  test("shows what it names, by what the bytes were found to be, and records only that as analysed", async () => {
    const { core, key, requests, readable, ask } = await openJob({
      artifacts: 3,
      personas: [
        { personaId: "all" },
        { personaId: "two", knowledgeScope: { maxContextDocuments: 2 } },
        {
          personaId: "mail",
          knowledgeScope: { mediaTypes: ["message/*"] },
        },
        {
          personaId: "none",
          knowledgeScope: { strategy: "NoUserArtifacts" },
        },
      ],
    });
    await core.records.mergeArtifact(
      key,
      1,
      (known) =>
        known && { ...known, mediaType: MediaType.parse("message/rfc822") },
    );
    const opinions = [await ask(0), await ask(1), await ask(2), await ask(3)];
    expect(requests.map(positionsOf)).toEqual([[0, 1, 2], [0, 1], [1], []]);

    const outcome = { ...key, readable, opinions, rounds: [], failed: [] };
    await core.activities.outcome(outcome);
    const artifacts = await core.records.listArtifacts(key);
    expect(
      artifacts.map(({ analyzedByPersonaIds }) => analyzedByPersonaIds),
    ).toEqual([["all", "two"], ["all", "two", "mail"], ["all"]]);
  });

  test("ends a document before the first page beyond it", async () => {
    const { ports, core, requests, key, ask } = await openJob({
      personas: [{ personaId: "quick", knowledgeScope: { maxPages: 1 } }],
    });
    ports.provider.documents.set(
      "source-0",
      "<!-- page 1 -->\nFirst.\n<!-- page 2 -->\nSecond.",
    );
    await core.activities.retrieve({ ...key, index: 0 });
    await core.activities.extract({ ...key, index: 0 });
    await ask(0);
    expect(requests[0]?.documents[0]?.text.revealText()).toBe(
      "<!-- page 1 -->\nFirst.",
    );
  });
});

describe("a panel", () => {
  const sure: Readonly<Record<string, number>> = { a: 0.9, b: 0.8, c: 0.2 };
  const openPanel = () =>
    openJob({
      personas: ["a", "b", "c"].map((personaId) => ({ personaId })),
      answer: ({ persona, others }) => ({
        answer: `Answer of ${persona.personaId}`,
        confidence: sure[persona.personaId],
        ...(others && { agreesWith: [0] }),
      }),
    });

  test("shows a persona the others' opinions in a later round, by reference only", async () => {
    const { requests, ask } = await openPanel();
    await ask(0);
    await ask(1);
    const formed = await ask(2, 2, [
      { item: 0, round: 1 },
      { item: 1, round: 1 },
    ]);
    expect(requests.at(-1)?.others).toEqual([
      {
        item: 0,
        personaId: "a",
        opinion: { answer: "Answer of a", keyPoints: ["one"] },
      },
      {
        item: 1,
        personaId: "b",
        opinion: { answer: "Answer of b", keyPoints: ["one"] },
      },
    ]);
    expect(formed).toMatchObject({ round: 2, agreesWith: [0] });
    expect(JSON.stringify(formed)).not.toContain("Answer");
  });

  test("becomes one answer with its supporters and dissent, scores in the job, words in the result", async () => {
    const { core, key, readable, ask } = await openPanel();
    const opinions = [await ask(0), await ask(1), await ask(2)];
    await core.activities.outcome({
      ...key,
      readable,
      opinions,
      rounds: [
        {
          round: 1,
          leader: 0,
          score: 0.895,
          supporters: [0, 1],
          dissenters: [2],
          positions: [0.9, 0.8, 0.2].map((confidence, item) => ({
            item,
            confidence,
          })),
        },
      ],
      failed: [],
    });
    await core.activities.finish({
      ...key,
      status: "Completed",
      answered: ["a", "b", "c"],
    });
    const job = (await core.records.read(key))!.document;
    expect(toJobView(job, [], [], "https://nucleus.example")).toMatchObject({
      panel: {
        rule: "confidence-1",
        rounds: [
          {
            leader: "a",
            supporters: ["a", "b"],
            dissenters: ["c"],
            score: 0.895,
          },
        ],
      },
    });
    expect(JSON.stringify(job)).not.toContain("Answer of");
    const result = (await core.safe.open(job.resultRef!)).revealJson();
    expect(JobResult.parse(result).consensus).toEqual({
      personaId: "a",
      answer: "Answer of a",
      notFound: false,
      confidence: 0.9,
      score: 0.895,
      rounds: 1,
      supporters: [
        { personaId: "a", confidence: 0.9 },
        { personaId: "b", confidence: 0.8 },
      ],
      dissent: [
        {
          personaId: "c",
          confidence: 0.2,
          answer: "Answer of c",
          notFound: false,
        },
      ],
      failed: [],
    });
  });

  test("that lost a persona says which, and takes its last opinion of each other", async () => {
    const { ports, core, key, readable, ask } = await openPanel();
    await ask(0);
    await ask(1);
    const opinions = [
      await ask(0, 2, [{ item: 1, round: 1 }]),
      await ask(1, 1),
    ];
    await core.activities.outcome({
      ...key,
      readable,
      opinions,
      rounds: [],
      failed: [
        { item: 2, round: 1, code: "model_filtered" },
        { item: 1, round: 2, code: "model_timeout" },
      ],
    });
    await core.activities.finish({
      ...key,
      status: "Completed",
      answered: ["a", "b"],
    });
    const [job] = await allOf(ports, "job");
    const result = JobResult.parse(
      (await core.safe.open(job!.resultRef!)).revealJson(),
    );
    expect(
      result.personas.map(({ personaId, round, agreesWith }) => ({
        personaId,
        round,
        agreesWith,
      })),
    ).toEqual([
      { personaId: "a", round: 2, agreesWith: ["a"] },
      { personaId: "b", round: 1, agreesWith: undefined },
    ]);
    expect(job?.panel?.failed).toEqual([
      { personaId: "c", round: 1, code: "model_filtered" },
      { personaId: "b", round: 2, code: "model_timeout" },
    ]);
    expect(await allOf(ports, "knowledge", "t1", tag(key.jobId))).toMatchObject(
      [
        { personaId: "a", version: "1.0.0", confidence: 0.9 },
        { personaId: "b" },
      ],
    );
  });
});
