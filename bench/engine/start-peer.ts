import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { watchFamily } from "../process-family.ts";
import { MissingPrerequisite, type EngineProcess } from "./engine.ts";
import { runUnder } from "./run-under.ts";
import type { LoadResult } from "./run-load.ts";
import type { PeerMessage, PeerName, RunMessage } from "./peers/messages.ts";

/**
 * Starts a peer and its server in a process of their own.
 *
 * @throws MissingPrerequisite with the line that says what to install.
 */
export async function startPeer(
  name: PeerName,
  options: {
    /** What runs the process, such as strace and its arguments. */
    readonly prefix?: readonly string[];
  } = {},
): Promise<EngineProcess> {
  const { command, args } = runUnder(options.prefix ?? [], [
    fileURLToPath(new URL("./peers/serve-peer.ts", import.meta.url)),
    name,
  ]);
  const child = spawn(command, args, {
    env: { ...process.env, NODE_ENV: "production", NODE_NO_WARNINGS: "1" },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const waiting = new Map<
    number,
    { resolve(result: LoadResult): void; reject(error: Error): void }
  >();
  let lastId = 0;
  const engines = await new Promise<
    Extract<PeerMessage, { kind: "ready" }>["engines"]
  >((resolve, reject) => {
    child.on("message", (message: PeerMessage) => {
      switch (message.kind) {
        case "ready":
          return resolve(message.engines);
        case "missing":
          return reject(new MissingPrerequisite(message.line));
        case "done":
          return waiting.get(message.id)?.resolve(message.result);
        case "failed":
          return waiting
            .get(message.id)
            ?.reject(new Error(`${name}: ${message.reason}`));
        default:
          return message satisfies never;
      }
    });
    child.once("exit", (code) => {
      const error = new Error(`the process of ${name} ended with ${code}`);
      reject(error);
      for (const { reject: fail } of waiting.values()) fail(error);
    });
  });
  const family = watchFamily(child);
  // Its sampling would be a part of what is measured.
  family.stop();
  return {
    engines: engines.map(({ name: engine, isHandWritten }) => ({
      name: engine,
      isHandWritten,
      cpuMs: family.cpuMs,
      run: (load) =>
        new Promise((resolve, reject) => {
          const id = (lastId += 1);
          waiting.set(id, { resolve, reject });
          child.send({ id, engine, load } satisfies RunMessage);
        }),
    })),
    cpuMs: family.cpuMs,
    async stop() {
      if (child.exitCode !== null) return;
      const exited = once(child, "exit");
      child.disconnect();
      await exited;
    },
  };
}
