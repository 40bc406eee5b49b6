import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MissingPrerequisite, type EngineProcess } from "./engine.ts";
import type { PeerName } from "./peers/messages.ts";
import { startNucleus } from "./start-nucleus.ts";
import { startPeer } from "./start-peer.ts";
import { w1 } from "./workflows.ts";

export interface SyncCount {
  readonly engine: string;
  readonly clients: number;
  readonly syncsPerWorkflow: number;
}

const tracer = "strace";
const syncCalls = "fsync,fdatasync,sync_file_range,msync";
const clientCounts = [1, 16] as const;
const workflows = 100;

/**
 * Counts, under strace, how often each engine makes the disk keep what it wrote while it runs W1. An engine that
 * synced less than once for a workflow of a single client would not be durable.
 */
export async function countSyncs(
  peers: readonly PeerName[],
  say: (line: string) => void,
): Promise<{
  readonly counts: readonly SyncCount[];
  readonly missing: readonly string[];
}> {
  if (spawnSync(tracer, ["-V"]).status !== 0)
    return {
      counts: [],
      missing: ["Counting syncs needs strace: apt-get install strace"],
    };
  const counts: SyncCount[] = [];
  const missing: string[] = [];
  const starts = [
    (prefix: readonly string[]) => startNucleus({ prefix }),
    ...peers.map(
      (name) => (prefix: readonly string[]) => startPeer(name, { prefix }),
    ),
  ];
  for (const start of starts) {
    try {
      for (const count of await countOf(start)) {
        counts.push(count);
        say(`${count.engine}, ${count.clients}: ${count.syncsPerWorkflow}`);
      }
    } catch (error) {
      if (!(error instanceof MissingPrerequisite)) throw error;
      missing.push(error.message);
    }
  }
  return { counts, missing };
}

async function countOf(
  start: (prefix: readonly string[]) => Promise<EngineProcess>,
): Promise<readonly SyncCount[]> {
  await using resources = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "nucleus-bench-syncs-"));
  resources.defer(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "syncs");
  const running = await start([
    tracer,
    "-f",
    "-qq",
    "--seccomp-bpf",
    `--trace=${syncCalls}`,
    `--output=${file}`,
  ]);
  resources.defer(running.stop);
  const counts: SyncCount[] = [];
  for (const engine of running.engines)
    for (const clients of clientCounts) {
      const load = { shape: w1, clients, until: { count: workflows } };
      await engine.run(load);
      const before = await countLines(file);
      await engine.run(load);
      counts.push({
        engine: engine.name,
        clients,
        syncsPerWorkflow: ((await countLines(file)) - before) / workflows,
      });
    }
  return counts;
}

/** Lines that begin a call: one that another thread interrupts is written as two. */
async function countLines(file: string): Promise<number> {
  return (await readFile(file, "utf8"))
    .split("\n")
    .filter((line) => line.includes("(")).length;
}
