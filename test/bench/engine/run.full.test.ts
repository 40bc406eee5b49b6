import { execFile } from "node:child_process";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../../..");

test("a quick run without peers measures every workload through both doors", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(root, "bench/engine/run.ts"),
    "--quick",
    "--no-peers",
    "--json",
  ]);

  const { workloads } = JSON.parse(stdout) as {
    workloads: { name: string; door: string; ours: number; ratio: unknown }[];
  };
  expect(workloads.map(({ name, door }) => `${name}: ${door}`)).toEqual(
    [
      "W1, 1 client",
      "W4, p50",
      "W4, p99",
      "W1, 16 clients",
      "W2, 1 client",
      "W2, 16 clients",
      "W3, 100 W1 at once",
    ].flatMap((name) => [`${name}: client`, `${name}: http`]),
  );
  for (const { ours, ratio } of workloads) {
    expect(ours).toBeGreaterThan(0);
    expect(ratio).toBeNull();
  }
});
