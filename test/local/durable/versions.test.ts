import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, onTestFinished, test } from "vitest";

import {
  compareVersions,
  versionFailureStrategies,
  type VersionSettings,
} from "../../../local/durable/version-policy.ts";
import { createSdkApp, df } from "./support/sdk-worker.ts";
import { openTestHub, type TestHub } from "./support/test-hub.ts";

const app = createSdkApp(() => {
  df.app.orchestration("version", function* (context) {
    yield context.df.createTimer(
      new Date(context.df.currentUtcDateTime.getTime() + 1000),
    );
    return context.df.version;
  });
  df.app.orchestration("children", function* (context) {
    const { callSubOrchestrator } = context.df;
    const call = callSubOrchestrator.bind(context.df);
    return [
      context.df.version,
      yield call("version"),
      yield call("version", undefined, undefined, "1.5"),
    ];
  });
});

async function start(hub: TestHub, name: string, version?: string) {
  const result = await hub.engine.client.start({
    name,
    ...(version !== undefined && { version }),
  });
  if (result.outcome !== "started") throw new Error(result.outcome);
  return result.instanceId;
}

test("an instance has the version it was started with, else the default one; a sub-orchestration likewise", async () => {
  const hub = openTestHub(app, { versions: { defaultVersion: "2.0" } });
  expect((await hub.finish(await start(hub, "version"))).output).toBe("2.0");
  const old = await start(hub, "children", "1.0");
  expect((await hub.finish(old)).output).toEqual(["1.0", "2.0", "1.5"]);
});

test("without a default version every version runs", async () => {
  const hub = openTestHub(app);
  expect((await hub.finish(await start(hub, "version"))).output).toBe("");
  const versioned = await start(hub, "version", "3.0");
  expect((await hub.finish(versioned)).output).toBe("3.0");
});

async function finishAt(
  version: string,
  versions: Pick<VersionSettings, "matchStrategy"> & Partial<VersionSettings>,
) {
  const hub = openTestHub(app, {
    versions: { defaultVersion: "2.0", ...versions },
  });
  const finished = await hub.finish(await start(hub, "version", version));
  return { ...finished, logged: hub.logged };
}

test.each([
  ["None", "9.0"],
  ["Strict", "2.0"],
  ["CurrentOrOlder", "1.0"],
  ["CurrentOrOlder", "2.0"],
] as const)("%s at 2.0 runs an instance of %s", async (strategy, version) => {
  for (const failureStrategy of versionFailureStrategies) {
    const { status } = await finishAt(version, {
      matchStrategy: strategy,
      failureStrategy,
    });
    expect(status).toBe("Completed");
  }
});

describe.each([
  ["Strict", "1.0"],
  ["CurrentOrOlder", "2.1"],
] as const)("%s at 2.0 and an instance of %s", (matchStrategy, version) => {
  test("Reject lets it wait, and says so", async () => {
    const { status, logged } = await finishAt(version, { matchStrategy });
    expect(status).toBe("Pending");
    expect(logged).toContainEqual(
      expect.stringContaining(`has version '${version}'`),
    );
  });

  test("Fail fails it", async () => {
    expect(
      await finishAt(version, { matchStrategy, failureStrategy: "Fail" }),
    ).toMatchObject({
      status: "Failed",
      output: "Orchestration version did not comply with Worker Versioning",
    });
  });
});

test("a rejected instance goes on, with its events, when a host of its version starts", async () => {
  const folder = mkdtempSync(join(tmpdir(), "nucleus-versions-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "hub.db");
  const old = openTestHub(app, { file, versions: { defaultVersion: "1.0" } });
  const id = await start(old, "version", "2.0");
  await old.settle();
  expect(old.record(id).status).toBe("Pending");
  old.close();
  const hub = openTestHub(app, { file, versions: { defaultVersion: "2.0" } });
  expect((await hub.finish(id)).output).toBe("2.0");
  hub.close();
});

test("a rejected instance can be terminated", async () => {
  const hub = openTestHub(app, { versions: { defaultVersion: "1.0" } });
  const id = await start(hub, "version", "2.0");
  await hub.engine.client.terminate(id, "not wanted");
  expect((await hub.finish(id)).status).toBe("Terminated");
});

test.each([
  ["", "", 0],
  ["", "1.0", -1],
  ["1.0", "", 1],
  ["1.0.0", "1.0.0", 0],
  ["1.9", "1.10", -1],
  ["1.0", "1.0.0", -1],
  ["2", "10", 1],
  ["v1-Beta", "V1-beta", 0],
  ["1.0", "beta", -1],
])("%j compared to %j is %i", (a, b, order) => {
  expect(compareVersions(a, b)).toBe(order);
});
