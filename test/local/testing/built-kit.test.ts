import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../../..");

/** What an app author's own test does, with no runner and no TypeScript. */
const script = `
  import { startTestHost } from "nucleus/testing";
  const df = await import("durable-functions");
  await using host = await startTestHost({
    register: () => {
      df.app.activity("add", { handler: ({ a, b }) => a + b });
      df.app.orchestration("slow", function* (context) {
        const sum = yield context.df.callActivity("add", { a: 40, b: 2 });
        const at = new Date(context.df.currentUtcDateTime.getTime() + 90 * 86_400_000);
        yield context.df.createTimer(at);
        return sum;
      });
    },
  });
  const id = await host.client.start("slow");
  const { output } = await host.waitFor(id, { within: "100d" });
  console.log(JSON.stringify({ output, now: host.now() }));
`;

test("the package's own test kit runs an app through 90 days in a process without a test runner", async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "--eval", script],
    { cwd: root },
  );
  const { output, now } = JSON.parse(stdout) as { output: number; now: string };
  expect(output).toBe(42);
  expect(Date.parse(now) - Date.parse("2026-01-01")).toBeGreaterThanOrEqual(
    90 * 86_400_000,
  );
});
