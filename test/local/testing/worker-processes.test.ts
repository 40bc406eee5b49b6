import { join } from "node:path";
import { expect, test } from "vitest";
import { startTestHost } from "../../../local/testing/index.ts";

const scriptRoot = join(import.meta.dirname, "../../conformance/host/apps/mjs");
const countChildren = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === "ProcessWrap")
    .length;

test("the workers outlive a host that is restarted, and end with the test", async () => {
  const before = countChildren();
  {
    await using host = await startTestHost({ scriptRoot, workerProcesses: 2 });
    await expect.poll(() => host.workerPids().length).toBe(2);
    const workers = host.workerPids();
    await host.restart();
    await host.settle();
    expect(host.workerPids()).toEqual(workers);
  }
  // A handle is let go a little after its process has ended.
  await expect.poll(countChildren, { timeout: 10_000 }).toBe(before);
});
