import { expect, onTestFinished, test } from "vitest";
import { openScriptedApp, type Script } from "./support/scripted-app.ts";

async function run(script: Script) {
  const app = openScriptedApp(script);
  onTestFinished(() => app.hub.close());
  await app.start();
  await app.finish();
  return app;
}

const confidences =
  (...sure: readonly number[]) =>
  ({ item }: { readonly item: number }) => ({ confidence: sure[item] ?? 0 });

const opinionsAsked = (app: Awaited<ReturnType<typeof run>>) =>
  app.calls.filter(({ activity }) => activity === "form-opinion").length;

test("personas that agree end the panel at once, whatever rounds are left", async () => {
  const app = await run({
    personas: 3,
    maxRounds: 3,
    opine: confidences(0.9, 0.8, 0.85),
  });
  expect(opinionsAsked(app)).toBe(3);
  expect(app.outcomes).toMatchObject([
    { rounds: [{ round: 1, leader: 0, score: 1, dissenters: [] }], failed: [] },
  ]);
});

test("one round is the default, and dissent is kept", async () => {
  const app = await run({ personas: 2, opine: confidences(0.9, 0.3) });
  expect(opinionsAsked(app)).toBe(2);
  expect(app.outcomes).toMatchObject([
    { rounds: [{ leader: 0, score: 0.75, dissenters: [1] }] },
  ]);
});

test("dissenting personas hear one another until they agree, each by reference, with what it took before", async () => {
  const app = await run({
    personas: 3,
    maxRounds: 3,
    opine: ({ item, round }) =>
      round === 1
        ? { confidence: [0.9, 0.4, 0.3][item] ?? 0 }
        : { confidence: 0.9, agreesWith: [0, 1, 2].filter((n) => n !== item) },
  });
  expect(opinionsAsked(app)).toBe(6);
  expect(app.asked.filter(({ round }) => round === 2)).toMatchObject(
    [0, 1, 2].map((item) => ({
      item,
      others: [0, 1, 2]
        .filter((other) => other !== item)
        .map((other) => ({ item: other, round: 1 })),
      spent: { inputTokens: 2, outputTokens: 3 },
    })),
  );
  const [outcome] = app.outcomes;
  expect(outcome?.rounds.map(({ score }) => score)).toEqual([0.563, 1]);
  expect(outcome?.opinions).toMatchObject(
    [0, 1, 2].map((item) => ({
      item,
      round: 2,
      inputTokens: 4,
      outputTokens: 6,
    })),
  );
});

test("three rounds are the most, and who still dissents then dissents", async () => {
  const app = await run({
    personas: 2,
    maxRounds: 3,
    opine: ({ item, round }) => ({
      confidence: item === 0 ? 0.9 : 0.2,
      ...(round > 1 && { agreesWith: [] }),
    }),
  });
  expect(opinionsAsked(app)).toBe(6);
  expect(app.outcomes[0]?.rounds).toHaveLength(3);
  expect(app.ends).toMatchObject([
    { status: "Completed", answered: ["persona-0", "persona-1"] },
  ]);
});

test("one of three fails: the panel is of the other two, and the failure is noted", async () => {
  const app = await run({
    personas: 3,
    fail: ({ activity, item }) =>
      activity === "form-opinion" && item === 1 ? "model_filtered" : undefined,
  });
  expect(app.outcomes).toMatchObject([
    {
      opinions: [{ item: 0 }, { item: 2 }],
      rounds: [{ supporters: [0, 2] }],
      failed: [{ item: 1, round: 1, code: "model_filtered" }],
    },
  ]);
  expect(app.ends).toMatchObject([
    { status: "Completed", answered: ["persona-0", "persona-2"] },
  ]);
});

test("a persona that fails in a later round keeps the opinion that it had", async () => {
  const app = await run({
    personas: 2,
    maxRounds: 2,
    opine: confidences(0.9, 0.3),
    fail: ({ activity, item, attempt }) =>
      activity === "form-opinion" && item === 1 && attempt === 2
        ? "model_refused"
        : undefined,
  });
  expect(app.outcomes).toMatchObject([
    {
      opinions: [
        { item: 0, round: 2 },
        { item: 1, round: 1, inputTokens: 2 },
      ],
      failed: [{ item: 1, round: 2, code: "model_refused" }],
    },
  ]);
});

test("all fail: the job fails with the first one's code, and nothing is kept", async () => {
  const app = await run({
    personas: 3,
    fail: ({ activity, item }) =>
      activity === "form-opinion"
        ? item === 0
          ? "model_filtered"
          : "model_refused"
        : undefined,
  });
  expect(app.outcomes).toEqual([]);
  expect(app.ends).toMatchObject([
    { status: "Failed", failure: { code: "model_filtered", step: "persona" } },
  ]);
});

test("ten personas, three rounds and 200 artifacts: no value of the histories is above 8 KiB", async () => {
  const app = await run({
    artifacts: 200,
    personas: 10,
    maxRounds: 3,
    opine: ({ item, round }) => ({
      confidence: item === 0 ? 0.999 : 0.111,
      ...(round > 1 && {
        agreesWith: [1, 2, 3, 4, 5, 6, 7, 8, 9].filter((n) => n !== item),
      }),
    }),
  });
  expect(opinionsAsked(app)).toBe(30);
  expect(app.instanceIds).toHaveLength(2 + 200 + 30);
  for (const instanceId of app.instanceIds)
    for (const event of app.hub.engine.client.exportHistory(instanceId) ?? [])
      expect(JSON.stringify(event).length).toBeLessThan(8 * 1024);
});
