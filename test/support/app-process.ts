import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findFreePort } from "../../cli/start-local-app.ts";
import type { RuntimeInfo } from "../../local/host/runtime-file.ts";
import { createLocalIssuer } from "../../local/issuer/local-issuer.ts";
import {
  type ApiClient,
  createApiClient,
  type TokenIssuer,
} from "./api-client.ts";

const appRoot = resolve(import.meta.dirname, "../..");
const started = "Nucleus is running.";

export interface AppHomeOptions {
  readonly home: string;
  /** The app's temporary folder. */
  readonly temporaryFolder: string;
  /** App settings above the defaults. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Who issues the callers' tokens; the app's own issuer unless given. */
  readonly issuer?: TokenIssuer;
}

/** A home and a port on which `nucleus start` runs again and again. */
export interface AppHome extends ApiClient {
  readonly url: string;
  /** What all its processes wrote so far to stdout and stderr. */
  readonly output: readonly Buffer[];
  /** Spawns the command; it may not be up yet, or never be. */
  spawn(options?: SpawnOptions): AppProcess;
  /** Spawns the command and waits until it is up. */
  start(options?: SpawnOptions): Promise<AppProcess>;
  /** The runtime file as it is now. */
  runtime(): RuntimeInfo;
  /** Ends whatever of it still runs. */
  close(): Promise<void>;
}

export interface SpawnOptions {
  /** No file grows beyond this, as on a disk that is full. */
  readonly maxFileBytes?: number;
}

/** One run of `nucleus start`, with all the processes that it starts: a process group of its own. */
export interface AppProcess {
  /** Resolves when it serves; rejects when it ends before. */
  readonly ready: Promise<void>;
  /** Resolves with its exit code; null when it was killed. */
  readonly ended: Promise<number | null>;
  /** Ends the host without warning, and waits until nothing of its group is left. */
  kill(): Promise<void>;
  /** Ends the worker without warning. */
  killWorker(): void;
  /** Asks it to drain, and waits until nothing of its group is left. */
  terminate(): Promise<number | null>;
  /** The living processes of its group. */
  processes(): readonly number[];
}

/** Prepares a home for the built app; everything that it needs to know comes from its environment, as for a user. */
export async function openAppHome(options: AppHomeOptions): Promise<AppHome> {
  const { home } = options;
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const issuer =
    options.issuer ?? (await createLocalIssuer({ home, now: Date.now }));
  const output: Buffer[] = [];
  const spawned: AppProcess[] = [];
  const runtime = (): RuntimeInfo =>
    JSON.parse(readFileSync(join(home, "runtime.json"), "utf8")) as RuntimeInfo;

  const spawnApp: AppHome["spawn"] = ({ maxFileBytes } = {}) => {
    const command = [
      process.execPath,
      join(appRoot, "dist/cli/nucleus.js"),
      "start",
      "--port",
      String(port),
    ];
    // The signal that comes with a full file is ignored, so that writing fails as on a full disk.
    const limited =
      maxFileBytes === undefined
        ? command
        : [
            "/bin/sh",
            "-c",
            `trap "" XFSZ; ulimit -f ${Math.floor(maxFileBytes / 512)}; exec "$@"`,
            "sh",
            ...command,
          ];
    const [file = "", ...args] = limited;
    const child = spawn(file, args, {
      cwd: appRoot,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: "/usr/bin:/bin",
        TMPDIR: options.temporaryFolder,
        NUCLEUS_HOME: home,
        NUCLEUS_AMQP_PORT: "0",
        ...options.settings,
      },
    });
    const app = watchApp(child, output, runtime);
    spawned.push(app);
    return app;
  };

  return {
    ...createApiClient(url, issuer),
    url,
    output,
    spawn: spawnApp,
    async start(spawnOptions) {
      const app = spawnApp(spawnOptions);
      await app.ready;
      return app;
    },
    runtime,
    async close() {
      await Promise.all(spawned.map((app) => app.kill()));
    },
  };
}

function watchApp(
  child: ChildProcess,
  output: Buffer[],
  runtime: () => RuntimeInfo,
): AppProcess {
  const ready = Promise.withResolvers<void>();
  ready.promise.catch(() => undefined);
  let text = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    output.push(chunk);
    if (text.includes(started)) return;
    text += chunk.toString();
    if (text.includes(started)) ready.resolve();
  });
  child.stderr?.on("data", (chunk: Buffer) => output.push(chunk));
  const ended = once(child, "close").then(([code]) => {
    ready.reject(
      new Error(`nucleus start ended (${String(code)}) before it was up`),
    );
    return code as number | null;
  });
  const group = child.pid ?? 0;
  const untilGone = async (): Promise<number | null> => {
    const code = await ended;
    while (processesOf(group).length > 0) await sleep(5);
    return code;
  };
  return {
    ready: ready.promise,
    ended,
    async kill() {
      child.kill("SIGKILL");
      await untilGone();
    },
    killWorker() {
      const alive = processesOf(group);
      // One that ended a moment ago may still be written down.
      for (const pid of runtime().workerPids)
        if (alive.includes(pid)) process.kill(pid, "SIGKILL");
    },
    async terminate() {
      child.kill("SIGTERM");
      return untilGone();
    },
    processes: () => processesOf(group),
  };
}

/** The processes of a group that are alive; one that waits for its parent to take note of its end is not. */
function processesOf(group: number): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const [state, , processGroup] = readStat(pid);
      return processGroup === String(group) && state !== "Z";
    });
}

/** The fields of /proc/{pid}/stat behind the command's name: state, parent, process group, … */
function readStat(pid: number): readonly string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}
