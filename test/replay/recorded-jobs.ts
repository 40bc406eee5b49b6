import { toHistory, type Recording } from "../../local/testing/recording.ts";
import { replayHistory } from "../../local/testing/replay-history.ts";
import {
  jobId,
  openScriptedApp,
} from "../orchestrators/support/scripted-app.ts";

/** The jobs whose histories are recorded: one for each way through the orchestrators. */
export const recordedJobs = {
  "two-artifacts-two-personas": () =>
    openScriptedApp({ version: "1.0.0", artifacts: 2, personas: 2 }),
  "one-artifact-fails-the-other-is-retried": () =>
    openScriptedApp({
      version: "1.0.0",
      artifacts: 2,
      fail({ activity, item, attempt }) {
        if (activity === "retrieve-artifact" && item === 0)
          return "artifact_forbidden";
        return activity === "extract-content" && attempt < 3
          ? "extraction_crashed"
          : undefined;
      },
    }),
  "persona-unavailable": () =>
    openScriptedApp({
      version: "1.0.0",
      fail: ({ activity }) =>
        activity === "invoke-persona" ? "model_unavailable" : undefined,
    }),
  cancelled: () =>
    openScriptedApp({
      version: "1.0.0",
      artifacts: 1,
      fail: ({ activity }) =>
        activity === "retrieve-artifact" ? "artifact_unreachable" : undefined,
    }),
  "timed-out": () =>
    openScriptedApp({
      version: "1.0.0",
      deadlineMs: 5_000,
      fail: ({ activity }) =>
        activity === "invoke-persona" ? "model_throttled" : undefined,
    }),
  "result-not-assembled": () =>
    openScriptedApp({
      version: "1.0.0",
      fail: ({ activity, attempt }) =>
        activity === "finish-job" && attempt === 1
          ? "content_tampered"
          : undefined,
    }),
  "one-persona": () => openScriptedApp({ artifacts: 1 }),
  "panel-agrees-at-once": () =>
    openScriptedApp({ artifacts: 2, personas: 3, maxRounds: 3 }),
  "panel-of-three-rounds-loses-one": () =>
    openScriptedApp({
      personas: 3,
      maxRounds: 3,
      opine: ({ item, round }) => ({
        confidence: [0.9, 0.5, 0.4][item] ?? 0,
        ...(round > 1 && { agreesWith: item === 1 && round === 3 ? [0] : [] }),
      }),
      fail: ({ activity, item, attempt }) =>
        activity === "form-opinion" && item === 2 && attempt > 1
          ? "model_filtered"
          : undefined,
    }),
  "panel-fails": () =>
    openScriptedApp({
      personas: 2,
      fail: ({ activity }) =>
        activity === "form-opinion" ? "model_unavailable" : undefined,
    }),
  "one-call-holds-the-documents": () =>
    openScriptedApp({ version: "1.2.0", artifacts: 1 }),
  "long-documents-read-in-parts": () =>
    openScriptedApp({
      version: "1.2.0",
      artifacts: 1,
      personas: 2,
      maxRounds: 2,
      parts: { parts: 9, planned: 9, fanIn: 3 },
      opine: ({ item }) => ({ confidence: [0.9, 0.3][item] ?? 0 }),
      fail: ({ activity, item }) =>
        activity === "read-part" && item === 1_004
          ? "model_filtered"
          : undefined,
    }),
  "the-budget-ends-before-the-parts-do": () =>
    openScriptedApp({
      version: "1.2.0",
      parts: { parts: 12, planned: 8, fanIn: 40 },
      fail: ({ activity, item }) =>
        activity === "read-part" && item > 1_002
          ? "persona_budget_exceeded"
          : undefined,
    }),
  "no-part-can-be-read": () =>
    openScriptedApp({
      version: "1.2.0",
      parts: { parts: 2, planned: 2, fanIn: 40 },
      fail: ({ activity }) =>
        activity === "read-part" ? "model_unavailable" : undefined,
    }),
} as const;
export type RecordedJob = keyof typeof recordedJobs;

/** Runs a job, and records the histories of all its instances with what the orchestrators did at each event. */
export async function recordJob(name: RecordedJob): Promise<Recording[]> {
  const app = recordedJobs[name]();
  try {
    await app.start();
    await app.hub.settle();
    if (name === "cancelled") await app.hub.raise(jobId, "cancel", {});
    for (const instanceId of app.instanceIds)
      if (app.hub.engine.client.getStatus(instanceId))
        await app.hub.finish(instanceId);
    const recordings: Recording[] = [];
    for (const instanceId of app.instanceIds) {
      const events = app.hub.engine.client.exportHistory(instanceId);
      if (!events) continue;
      const history = toHistory(instanceId, events);
      recordings.push({
        ...history,
        actions: await replayHistory(app.worker, history),
      });
    }
    return recordings;
  } finally {
    app.hub.close();
  }
}
