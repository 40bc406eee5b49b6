import { expect, onTestFinished, test } from "vitest";
import { laneCount, toLevels } from "../../shared/personas/part-counts.ts";
import { openScriptedApp, type Script } from "./support/scripted-app.ts";

async function run(script: Script) {
  const app = openScriptedApp({ version: "1.2.0", ...script });
  onTestFinished(() => app.hub.close());
  await app.start();
  return { app, output: await app.finish() };
}

const activities = ({ app }: Awaited<ReturnType<typeof run>>) =>
  app.calls.map(({ activity }) => activity);

test("what one call holds costs as many activities as before there were parts", async () => {
  const ran = await run({ artifacts: 2, personas: 2 });
  const { length } = activities(ran);
  expect(length).toBeLessThanOrEqual(2 * 2 + 2 + 4);
  expect(activities(ran)).not.toContain("read-part");
});

test("parts are read once each, and the opinion is formed from the notes, with what they took", async () => {
  const ran = await run({ parts: { parts: 10, planned: 10, fanIn: 40 } });
  expect(
    ran.app.read.map(({ part }) => part).toSorted((a, b) => a - b),
  ).toEqual(Array.from({ length: 10 }, (_, part) => part));
  expect(activities(ran).filter((name) => name === "conclude-opinion")).toEqual(
    ["conclude-opinion"],
  );
  expect(ran.app.asked.at(-1)?.spent).toEqual({
    inputTokens: 1_000,
    outputTokens: 100,
  });
});

test("notes that one call does not hold are noted together, level by level", async () => {
  const counts = { parts: 20, planned: 20, fanIn: 3 };
  expect(toLevels(counts)).toEqual([20, 7, 3]);
  const { app } = await run({ parts: counts });
  expect(app.read.map(({ level }) => level)).toEqual(
    [1, 2, 3].flatMap((level, at) => Array(toLevels(counts)[at]).fill(level)),
  );
});

test("a lane reads one part after the other, so no more than four are read at a time", async () => {
  const { app } = await run({ parts: { parts: 12, planned: 12, fanIn: 40 } });
  const lanes = Map.groupBy(app.read, ({ part }) => part % laneCount);
  expect(lanes.size).toBe(laneCount);
  for (const [, read] of lanes)
    expect(read.map(({ spent }) => spent.inputTokens)).toEqual([0, 100, 200]);
});

test("a part that fails is missing, and the others are read", async () => {
  const { app, output } = await run({
    parts: { parts: 8, planned: 8, fanIn: 40 },
    fail: ({ activity, item }) =>
      activity === "read-part" && item === 1_001 ? "model_filtered" : undefined,
  });
  expect(app.read).toHaveLength(7);
  expect(output).toEqual({ status: "Completed" });
});

test("when the budget is exhausted its lane ends, and the opinion is formed from what was read", async () => {
  const { app, output } = await run({
    parts: { parts: 40, planned: 40, fanIn: 40 },
    fail: ({ activity, item }) =>
      activity === "read-part" && item >= 1_008
        ? "persona_budget_exceeded"
        : undefined,
  });
  expect(app.read).toHaveLength(8);
  expect(
    app.calls.filter(({ activity }) => activity === "read-part"),
  ).toHaveLength(12);
  expect(output).toEqual({ status: "Completed" });
});

test("when no part can be read the persona fails, saying why", async () => {
  const { app } = await run({
    parts: { parts: 3, planned: 3, fanIn: 40 },
    fail: ({ activity }) =>
      activity === "read-part" ? "model_rejected" : undefined,
  });
  expect(app.ends).toMatchObject([
    { status: "Failed", failure: { step: "persona", code: "model_rejected" } },
  ]);
});

test("near the deadline reading ends, and the opinion is formed from what was read", async () => {
  const { app, output } = await run({
    deadlineMs: 20_000,
    parts: { parts: 400, planned: 256, fanIn: 40 },
    // Retries take time.
    fail: ({ activity, attempt }) =>
      activity === "read-part" && attempt < 3 ? "model_unavailable" : undefined,
  });
  expect(app.read.length).toBeGreaterThan(0);
  expect(app.read.length).toBeLessThan(256);
  expect(output).toEqual({ status: "Completed" });
});
