import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { watchFamily } from "../process-family.ts";
import type { Engine, EngineProcess } from "./engine.ts";
import { createHttpClient, type HttpClient } from "./http-client.ts";
import { runUnder } from "./run-under.ts";
import { runLoad, type LoadResult } from "./run-load.ts";
import { createOutputWait } from "./wait-for-output.ts";
import type { Shape } from "./workflows.ts";

const root = resolve(import.meta.dirname, "../..");
const appFile = fileURLToPath(new URL("./app/functions.ts", import.meta.url));

export interface Nucleus extends EngineProcess {
  /** The door of the app: its durable client, in one of its functions. */
  readonly client: Engine;
  /** The door of everybody else: the durable management API. */
  readonly http: Engine;
  readonly url: string;
  readonly systemKey: string;
  /** The host's own process. */
  readonly pid: number;
  readonly home: string;
  readonly requests: HttpClient;
}

type Door = Omit<Engine, "cpuMs">;

/** Starts the built host with the benchmark's app, in a home of its own. */
export async function startNucleus(
  options: {
    /** What runs the host, such as strace and its arguments. */
    readonly prefix?: readonly string[];
  } = {},
): Promise<Nucleus> {
  const home = await mkdtemp(join(tmpdir(), "nucleus-bench-engine-"));
  const { command, args } = runUnder(options.prefix ?? [], [
    join(root, "dist/cli/nucleus.js"),
    "host",
    "start",
    "--port",
    "0",
    "--script-root",
    dirname(appFile),
  ]);
  const child = spawn(command, args, {
    env: { ...process.env, NUCLEUS_HOME: home, NUCLEUS_AMQP_PORT: "0" },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const runtimeFile = join(home, "runtime.json");
  while (!existsSync(runtimeFile)) {
    if (child.exitCode !== null) throw new Error("the host did not start");
    await sleep(20);
  }
  const {
    httpUrl: url,
    systemKey,
    pid,
  } = JSON.parse(readFileSync(runtimeFile, "utf8")) as {
    httpUrl: string;
    systemKey: string;
    pid: number;
  };
  // A benchmark that is ended leaves nothing behind.
  const abandon = () => {
    process.kill(pid, "SIGTERM");
    rmSync(home, { recursive: true, force: true });
  };
  process.once("exit", abandon);
  const requests = createHttpClient();
  const family = watchFamily(child);
  // Its sampling would be a part of what is measured.
  family.stop();
  // The clients of the http door are in this process, which does little else while it measures.
  const cpuMs = () => {
    const { user, system } = process.cpuUsage();
    return family.cpuMs() + (user + system) / 1000;
  };
  const client = { ...createClientDoor(requests, url), cpuMs };
  const http = { ...createHttpDoor(requests, { url, systemKey }), cpuMs };
  return {
    engines: [client, http],
    client,
    http,
    url,
    systemKey,
    pid,
    home,
    requests,
    cpuMs,
    async stop() {
      process.off("exit", abandon);
      requests.close();
      const exited = once(child, "exit");
      process.kill(pid, "SIGTERM");
      await exited;
      await rm(home, { recursive: true, force: true });
    },
  };
}

function createClientDoor(requests: HttpClient, url: string): Door {
  return {
    name: "client",
    async run(load) {
      const { status, body } = await requests.send(
        "POST",
        `${url}/api/runLoad`,
        load,
      );
      if (status !== 200)
        throw new Error(`the app answered ${status}: ${body}`);
      return JSON.parse(body) as LoadResult;
    },
  };
}

/**
 * Starts with `timeout` and `pollingInterval`, so that a host which waits answers the output itself; one that answers
 * 202 at once is asked.
 */
function createHttpDoor(
  requests: HttpClient,
  { url, systemKey }: { readonly url: string; readonly systemKey: string },
): Door {
  const query = new URLSearchParams({
    code: systemKey,
    timeout: "60",
    pollingInterval: "0.001",
  });
  const startUrl = (name: string) =>
    `${url}/runtime/webhooks/durabletask/orchestrators/${name}?${query.toString()}`;
  const urls = {
    sequence: startUrl("sequence"),
    "fan-out": startUrl("fanOut"),
  };
  return {
    name: "http",
    run(load) {
      const waitForOutput = createOutputWait();
      return runLoad(load, async (shape: Shape, seed: number) => {
        const started = await requests.send("POST", urls[shape.kind], {
          ...shape,
          seed,
        });
        const answer: unknown = JSON.parse(started.body);
        if (started.status === 200) return answer;
        if (started.status !== 202)
          throw new Error(`a start answered ${started.status}`);
        const { statusQueryGetUri } = answer as { statusQueryGetUri: string };
        return waitForOutput(async () => {
          const { status, body } = await requests.send(
            "GET",
            statusQueryGetUri,
          );
          if (status === 202) return undefined;
          if (status !== 200) throw new Error(`a status answered ${status}`);
          return { output: (JSON.parse(body) as { output: unknown }).output };
        });
      });
    },
  };
}
