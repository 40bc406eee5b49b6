import { spawn, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { MissingPrerequisite } from "../engine.ts";

export interface Server {
  stop(): Promise<void>;
}

/**
 * Runs a server as a child until it is stopped, and answers once `isReady` does.
 *
 * @throws MissingPrerequisite with `missing` where there is no such program.
 */
export async function runServer(options: {
  readonly command: readonly [string, ...string[]];
  readonly spawn?: SpawnOptions;
  readonly missing: string;
  readonly isReady: () => Promise<boolean>;
  readonly stopSignal?: NodeJS.Signals;
}): Promise<Server> {
  const [program, ...args] = options.command;
  const child = spawn(program, args, { stdio: "ignore", ...options.spawn });
  const failed = new Promise<never>((_resolve, reject) => {
    child.once("exit", () =>
      reject(new Error(`${program} ended before it was ready`)),
    );
    child.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        error.code === "ENOENT"
          ? new MissingPrerequisite(options.missing)
          : error,
      ),
    );
  });
  // Once the server is ready, its end is nobody's failure.
  failed.catch(() => undefined);
  while (!(await Promise.race([options.isReady(), failed])))
    await Promise.race([sleep(50), failed]);
  return {
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, "exit");
      child.kill(options.stopSignal ?? "SIGTERM");
      await exit;
    },
  };
}

/** A port of 127.0.0.1 that nobody listens on. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
