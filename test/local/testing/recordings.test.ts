import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  defineTestApp,
  expectNonDeterminism,
  expectReplays,
  readRecordings,
  startTestHost,
  writeRecordings,
  type Recording,
  type TestApp,
} from "../../../local/testing/index.ts";
import * as df from "durable-functions";
import { createTempFolder } from "../../support/temp-folder.ts";

/** An orchestrator, and two that somebody has changed. */
function defineApp(variant: "recorded" | "renamed" | "waits longer"): TestApp {
  return defineTestApp(() => {
    const second = variant === "renamed" ? "send" : "post";
    df.app.activity("write", { handler: (text: string) => `${text}!` });
    df.app.activity(second, { handler: (text: string) => text.length });
    df.app.orchestration("letter", function* (context) {
      const text = (yield context.df.callActivity("write", "hello")) as string;
      yield context.df.createTimer(
        new Date(
          context.df.currentUtcDateTime.getTime() +
            (variant === "waits longer" ? 2000 : 1000),
        ),
      );
      return yield context.df.callActivity(second, text);
    });
  });
}

async function record(app: TestApp): Promise<Recording> {
  await using host = await startTestHost({ app });
  const id = await host.client.start("letter", undefined, { instanceId: "l" });
  await host.waitFor(id);
  return host.record(id);
}

test("a history goes out as a file and comes in again, and the orchestrator replays it", async () => {
  const app = defineApp("recorded");
  const file = join(createTempFolder(), "letter.json");
  writeRecordings(file, [await record(app)]);
  const [recording] = readRecordings(file);
  expect(recording?.events.length).toBeGreaterThan(8);
  if (recording) await expectReplays(app, recording);
});

test.each(["[]", "{", '[{"events":[]}]'])(
  "a file with %s holds no recordings, and does not pass for one",
  (text) => {
    const file = join(createTempFolder(), "letter.json");
    writeFileSync(file, text);
    expect(() => readRecordings(file)).toThrow(`${file} holds no recordings.`);
  },
);

test("a plain history, without what was done at each event, is replayed too", async () => {
  const app = defineApp("recorded");
  const { instanceId, events } = await record(app);
  await expectReplays(app, { instanceId, events });
  await expectNonDeterminism(defineApp("renamed"), { instanceId, events });
});

test("a renamed activity is found at its turn, in the words of the engine", async () => {
  const recording = await record(defineApp("recorded"));
  await expect(expectReplays(defineApp("renamed"), recording)).rejects.toThrow(
    /"letter" does not replay turn 3 of l:[^]*-[^]*"post"[^]*\+[^]*"send"/,
  );
});

test("another duration is found, with both instants", async () => {
  const recording = await record(defineApp("recorded"));
  await expect(
    expectReplays(defineApp("waits longer"), recording),
  ).rejects.toThrow(/turn 2 of l:[^]*-[^]*00:00:01[^]*\+[^]*00:00:02/);
});

test("an orchestrator that replays is no case of non-determinism", async () => {
  const app = defineApp("recorded");
  await expect(expectNonDeterminism(app, await record(app))).rejects.toThrow(
    '"letter" replays the history of l, which it must not.',
  );
});
