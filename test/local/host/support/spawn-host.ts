import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { RuntimeInfo } from "../../../../local/host/runtime-file.ts";
import type { FixtureApp } from "./fixture-app.ts";

const runHostFile = fileURLToPath(new URL("run-host.ts", import.meta.url));

export interface SpawnedHost {
  readonly child: ChildProcess;
  readonly runtime: RuntimeInfo;
  /** Ends the process by that signal and answers its exit code. */
  end(signal: "SIGKILL" | "SIGTERM"): Promise<number | null>;
}

/** Starts a host with so many workers in a process of its own and waits until it is ready. */
export async function spawnHost(
  app: FixtureApp,
  cleanups: (() => Promise<void> | void)[],
  workers = 1,
): Promise<SpawnedHost> {
  const child = spawn(
    process.execPath,
    [runHostFile, app.scriptRoot, app.home],
    {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, FUNCTIONS_WORKER_PROCESS_COUNT: String(workers) },
    },
  );
  const exited = once(child, "exit") as Promise<[number | null]>;
  cleanups.push(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  let errors = "";
  child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
  for await (const line of createInterface({ input: child.stdout }))
    if (line === "ready") break;
  child.stdout.resume();
  if (child.exitCode !== null) throw new Error(errors);
  return {
    child,
    runtime: readRuntime(app.home),
    async end(signal) {
      child.kill(signal);
      const [code] = await exited;
      return code;
    },
  };
}

export function readRuntime(home: string): RuntimeInfo {
  return JSON.parse(
    readFileSync(join(home, "runtime.json"), "utf8"),
  ) as RuntimeInfo;
}

/** Whether a process with that id is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
