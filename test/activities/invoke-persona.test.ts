import { describe, expect, test } from "vitest";
import { toJobView } from "../../shared/jobs/job-view.ts";
import { ModelFiltered } from "../../shared/personas/content-filter.ts";
import {
  parseModelPrices,
  withCosts,
} from "../../shared/personas/model-prices.ts";
import type { PersonaDefinition } from "../../shared/personas/persona.ts";
import type { PersonaModel } from "../../shared/personas/persona-model.ts";
import { invokePersona } from "../../shared/workflow/contracts.ts";
import { aPersona } from "../shared/personas/persona-builders.ts";
import {
  acceptJob,
  anInteraction,
  createCore,
  openPorts,
  type Ports,
} from "../support/core.ts";
import { allOf } from "../support/stored.ts";

/** A job of two personas whose texts are ready, and what asks them, stores their work and shows the job. */
async function openJob(
  wrap: (model: Ports["model"]) => PersonaModel,
  analyst?: PersonaDefinition,
) {
  const ports = openPorts();
  const core = createCore({
    ...ports,
    model: { ...ports.model, ...wrap(ports.model) },
  });
  if (analyst) core.personas.set("analyst", analyst);
  const key = await acceptJob(core, ports, {
    request: anInteraction({ artifacts: 1 }),
    personaIds: ["analyst", "critic"],
  });
  const { activities } = core;
  await activities.retrieve({ ...key, index: 0 });
  await activities.extract({ ...key, index: 0 });

  const ask = (personaId: string, item: number) =>
    activities.persona({ ...key, personaId, item, readable: [0] });
  return {
    ports,
    core,
    key,
    ask,
    async store(...asked: readonly Awaited<ReturnType<typeof ask>>[]) {
      const personas = asked.flatMap((outcome) =>
        outcome.ok ? [outcome.value] : [],
      );
      await activities.store({ ...key, readable: [0], personas });
    },
    async view() {
      const stored = await core.records.read(key);
      if (!stored) throw new Error("the job is gone");
      return toJobView(stored.document, [], [], "https://nucleus.example");
    },
  };
}

const unchanged = (model: PersonaModel): PersonaModel => model;

const withPrices = (table: string) => (model: PersonaModel) =>
  withCosts(model, parseModelPrices(table));

const fakePrice =
  '{"fake": {"inputPerMillion": 2.5, "outputPerMillion": 10}}' as const;

describe("usage", () => {
  test("of all personas is summed up in the job, with its cost where the prices are known", async () => {
    const job = await openJob(withPrices(fakePrice));
    const asked = [await job.ask("analyst", 0), await job.ask("critic", 1)];
    await job.store(...asked);

    // 7 · 2.5 + 5 · 10 = 67.5 micro-dollars, rounded for each persona.
    expect(await job.view()).toMatchObject({
      usage: { inputTokens: 14, outputTokens: 10, costMicroUsd: 136 },
    });
    const { ports, key } = job;
    expect(await allOf(ports, "knowledge", "t1", key.jobId)).toMatchObject([
      { personaId: "analyst", costMicroUsd: 68 },
      { personaId: "critic", costMicroUsd: 68 },
    ]);
  });

  test("stays the same when the metadata is stored again", async () => {
    const job = await openJob(unchanged);
    const asked = await job.ask("analyst", 0);
    await job.store(asked);
    await job.store(asked);
    const { usage } = await job.view();
    expect(usage).toEqual({ inputTokens: 7, outputTokens: 5 });
  });

  test("that a history of an earlier version holds is still read", () => {
    const recorded = {
      personaId: "analyst",
      model: "fake",
      quotes: 1,
      keyPoints: 1,
      notFound: false,
      inputTokens: 7,
      outputTokens: 5,
    };
    expect(invokePersona.output.parse(recorded)).toEqual(recorded);
  });
});

describe("the model that a persona's work is recorded for", () => {
  async function recordedModel(saysItIs: string) {
    const analyst = aPersona({
      personaId: "analyst",
      model: { chatModelId: "thinker-eu" },
    });
    const toModel = (model: Ports["model"]): PersonaModel => ({
      name: "chat-eu",
      answer: async (request, signal) => ({
        ...(await model.answer(request, signal)),
        model: saysItIs,
      }),
    });
    const job = await openJob(toModel, analyst);
    const asked = [await job.ask("analyst", 0), await job.ask("critic", 1)];
    return asked.map((outcome) => (outcome.ok ? outcome.value.model : ""));
  }

  test("is the deployment that was asked, and never what an endpoint makes up", async () => {
    expect(await recordedModel("the merger is called off")).toEqual([
      "thinker-eu",
      "chat-eu",
    ]);
  });

  test("is the configured one when that answered although the persona names another", async () => {
    expect(await recordedModel("chat-eu")).toEqual(["chat-eu", "chat-eu"]);
  });
});

describe("a content filter's verdict", () => {
  const verdict = {
    stage: "prompt",
    findings: [{ category: "violence", severity: "medium" }],
  } as const;
  const filtered = () =>
    new ModelFiltered({ ...verdict, findings: [...verdict.findings] });

  test("fails the persona for good, and the job keeps it by persona", async () => {
    const job = await openJob(unchanged);
    job.ports.model.failures.push(filtered, filtered);
    expect(await job.ask("critic", 1)).toEqual({
      ok: false,
      code: "model_filtered",
    });
    await job.ask("critic", 1);
    expect(await job.view()).toMatchObject({
      filtered: [{ personaId: "critic", ...verdict }],
    });
  });

  test("stands beside the answers of other personas", async () => {
    const job = await openJob(unchanged);
    job.ports.model.failures.push(filtered);
    const critic = await job.ask("critic", 1);
    await job.store(critic, await job.ask("analyst", 0));
    expect(await job.view()).toMatchObject({
      filtered: [{ personaId: "critic" }],
      usage: { inputTokens: 7, outputTokens: 5 },
    });
  });

  test("that comes when the job has ended changes nothing", async () => {
    const job = await openJob((model) => ({
      name: model.name,
      async answer() {
        await job.core.activities.finish({
          ...job.key,
          status: "Cancelled",
          answered: [],
        });
        throw filtered();
      },
    }));
    await job.ask("critic", 1);
    const view = await job.view();
    expect(view.status).toBe("Cancelled");
    expect(view.filtered).toBeUndefined();
  });
});
