import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import {
  readRecordings,
  type Recording,
} from "../../local/testing/recording.ts";
import { replayHistory } from "../../local/testing/replay-history.ts";
import { openScriptedApp } from "../orchestrators/support/scripted-app.ts";
import { recordedJobs } from "./recorded-jobs.ts";

const folder = join(import.meta.dirname, "histories");

async function openWorker() {
  const app = openScriptedApp();
  onTestFinished(() => app.hub.close());
  await app.hub.settle();
  return app.worker;
}

const files = readdirSync(folder);

test("every way through the orchestrators is recorded", () => {
  expect(files).toEqual(
    expect.arrayContaining(
      Object.keys(recordedJobs).map((name) => `${name}.json`),
    ),
  );
});

test.each(files)(
  "%s: the orchestrators do after every event what they did when it was recorded",
  async (file) => {
    const worker = await openWorker();
    const recordings = readRecordings(join(folder, file));
    expect(recordings.length).toBeGreaterThan(1);
    for (const recording of recordings)
      expect(await replayHistory(worker, recording)).toEqual(recording.actions);
  },
);

test.each([
  ["called another activity", "retrieve-artifact", "fetch-artifact"],
  ["retried less", '"maxNumberOfAttempts":4', '"maxNumberOfAttempts":3'],
  ["told their activities more", '"index":0}', '"index":0,"depth":1}'],
])(
  "a history of orchestrators that %s is found out",
  async (_what, current, other) => {
    const worker = await openWorker();
    const recording = readRecordings(
      join(folder, "two-artifacts-two-personas.json"),
    ).find(({ instanceId }) => instanceId.endsWith(":a0"));
    const text = JSON.stringify(recording);
    const doctored = JSON.parse(text.replaceAll(current, other)) as Recording;
    expect(doctored).not.toEqual(recording);
    expect(await replayHistory(worker, doctored)).not.toEqual(doctored.actions);
  },
);
