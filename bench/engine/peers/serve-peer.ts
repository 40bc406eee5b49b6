import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MissingPrerequisite } from "../engine.ts";
import { runLoad } from "../run-load.ts";
import type { PeerMessage, PeerName, RunMessage } from "./messages.ts";
import type { Peer } from "./peer.ts";

/** The process of one peer: its workers, its clients, its server as a child. It ends with the benchmark. */
const peers: Record<PeerName, (folder: string) => Promise<Peer>> = {
  restate: async (folder) =>
    (await import("./restate.ts")).startRestate(folder),
  dbos: async (folder) => (await import("./dbos.ts")).startDbos(folder),
  bullmq: async (folder) => (await import("./bullmq.ts")).startBullMq(folder),
};

const name = process.argv[2] as PeerName;
const folder = await mkdtemp(join(tmpdir(), `nucleus-bench-${name}-`));

try {
  const peer = await peers[name](folder);
  process.on("message", (message: RunMessage) => void serve(peer, message));
  if (process.connected) process.once("disconnect", () => void stop(peer));
  else await stop(peer);
  say({
    kind: "ready",
    engines: Object.keys(peer.engines).map((engine) => ({
      name: engine,
      isHandWritten: peer.handWritten?.includes(engine) === true,
    })),
  });
} catch (error) {
  await rm(folder, { recursive: true, force: true });
  if (!(error instanceof MissingPrerequisite)) throw error;
  say({ kind: "missing", line: error.message });
  process.disconnect();
}

async function serve(peer: Peer, { id, engine, load }: RunMessage) {
  try {
    const runWorkflow = peer.engines[engine];
    if (runWorkflow === undefined) throw new Error(`${name} has no ${engine}`);
    say({ kind: "done", id, result: await runLoad(load, runWorkflow) });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    say({ kind: "failed", id, reason });
  }
}

async function stop(peer: Peer): Promise<void> {
  try {
    await peer.stop();
  } finally {
    await rm(folder, { recursive: true, force: true });
    process.exit();
  }
}

function say(message: PeerMessage): void {
  // A benchmark that was ended in the middle of a load does not listen any more.
  if (process.connected) process.send?.(message);
}
