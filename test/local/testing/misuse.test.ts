import { join, relative } from "node:path";
import { expect, test } from "vitest";
import {
  defineTestApp,
  loadTestApp,
  startTestHost,
  type TestHost,
  type TestHostOptions,
} from "../../../local/testing/index.ts";
import * as df from "durable-functions";

const app = defineTestApp(() => {
  df.app.activity("echo", { handler: (value: unknown) => value });
  df.app.orchestration("steps", function* (context) {
    for (let step = 0; step < 20; step += 1)
      yield context.df.callActivity("echo", step);
  });
  df.app.orchestration("waits", function* (context) {
    yield context.df.waitForExternalEvent("never");
  });
});

test.each<[string, (host: TestHost) => unknown]>([
  ["start", (host) => host.client.start("steps")],
  ["settle", (host) => host.settle()],
  ["advance", (host) => host.advance("1d")],
  ["waitFor", (host) => host.waitFor("x")],
  ["fetch", (host) => host.fetch("/api/x")],
  ["restart", (host) => host.restart()],
])("a closed host's %s says that it is closed", async (_, use) => {
  const host = await startTestHost({ app });
  await host.close();
  await host.close();
  await expect(use(host)).rejects.toThrow("This test host is closed.");
});

test("a test that ends while its host works: what was under way is told so, and nothing is started anew", async () => {
  const host = await startTestHost({ app, chaos: { hostDeaths: 1 } });
  const ended = host.client
    .start("steps")
    .then((id) => host.waitFor(id))
    .catch((error: unknown) => error);
  await host.close();
  expect(await ended).toMatchObject({
    message: expect.stringContaining("This test host is closed.") as string,
  });
});

test.each<[string, TestHostOptions, string]>([
  ["no app", {}, "and only one"],
  ["two apps", { app, scriptRoot: "somewhere" }, "and only one"],
  ["workers without a folder", { app, workerProcesses: 2 }, '"scriptRoot"'],
  [
    "a probability in per cent",
    { app, chaos: { lostResults: 20 } },
    "chaos.lostResults: 20 is no probability from 0 to 1.",
  ],
])("%s: refused with what to change", async (_, options, message) => {
  await expect(startTestHost(options)).rejects.toThrow(message);
});

test("an instance that no timer can move: the error says so, at the time where it stopped", async () => {
  await using host = await startTestHost({ app });
  await host.client.start("waits", undefined, { instanceId: "w" });
  await expect(host.waitFor("w")).rejects.toThrow(
    'Instance "w" of "waits" is still Running at 2026-01-01T00:00:00.000Z: no timer is left that could move it',
  );
});

test("a folder's app is loaded once, whichever way its path is written", async () => {
  const folder = join(import.meta.dirname, "../../conformance/host/apps/mjs");
  const app = await loadTestApp(folder);
  expect(await loadTestApp(relative(process.cwd(), folder))).toBe(app);
});
