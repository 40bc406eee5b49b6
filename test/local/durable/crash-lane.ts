import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "esbuild";
import { createRandom } from "../../../local/testing/random.ts";
import { eventNames, type Program } from "./crash-program.ts";
import type { HostAnswer, HostRequest } from "./crash-host.ts";

export interface LanePlan {
  /** The bundled host (`bundleHost`). */
  readonly hostFile: string;
  readonly folder: string;
  /** Determines what dies where; not when the operating system gets to it. */
  readonly seed: number;
  readonly crashes: number;
  /** By instance ID; they are started a few with each host. */
  readonly programs: ReadonlyMap<string, Program>;
}

/** What became of the hosts of a lane. */
export interface LaneResult {
  readonly crashes: number;
  /** Hosts whose successor found instances under way. */
  readonly inRunningWork: number;
  /** Hosts that killed themselves at a statement; the others were killed by a signal from outside. */
  readonly atStatement: number;
  /** Starts and events that were acknowledged, and never sent again. */
  readonly acknowledged: number;
}

/** A host that writes at full speed comes to this many statements soon after its start. */
const latestStatement = 120;
/** One that does not come to its statement by then is killed from outside. */
const longestLifeMs = 600;
/** Those that are killed from outside are busy all that time. */
const longestBusyMs = 120;

/** Starts host after host on one file and kills each; the last one ends the work. */
export async function runLane(plan: LanePlan): Promise<LaneResult> {
  const random = createRandom(plan.seed);
  mkdirSync(join(plan.folder, "attempts"));
  const waiting = createDeskOf(plan.programs);
  const perHost = Math.ceil(plan.programs.size / plan.crashes);
  let inRunningWork = 0;
  let atStatement = 0;
  let next = loadHost(plan.hostFile);
  for (let crash = 1; crash <= plan.crashes; crash += 1) {
    const host = next;
    next = loadHost(plan.hostFile);
    const diesItself = random() < 0.6;
    const dieAt = diesItself ? Math.ceil(random() * latestStatement) : 0;
    const when = random() < 0.5 ? "before" : "after";
    const lifeMs = diesItself ? longestLifeMs : random() * longestBusyMs;
    const found = await host.open({ folder: plan.folder, dieAt, when });
    if (found > 0) inRunningWork += 1;
    waiting.admit(perHost);
    waiting.talkTo(host);
    await Promise.race([host.exited, sleep(lifeMs)]);
    if (host.isAlive()) await host.kill();
    else atStatement += 1;
  }
  const last = next;
  const found = await last.open({
    folder: plan.folder,
    dieAt: 0,
    when: "before",
  });
  if (found > 0) inRunningWork += 1;
  waiting.admit(plan.programs.size);
  waiting.talkTo(last);
  await waiting.allAcknowledged();
  while ((await last.unfinished()) > 0) await sleep(20);
  await last.kill();
  return {
    crashes: plan.crashes,
    inRunningWork,
    atStatement,
    acknowledged: waiting.acknowledged(),
  };
}

/** Makes one file of the host, so that each of many processes loads in some tens of milliseconds. */
export async function bundleHost(folder: string): Promise<string> {
  const outfile = join(folder, "host.mjs");
  await build({
    entryPoints: [join(import.meta.dirname, "crash-host.ts")],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node24",
    logLevel: "error",
    external: ["@azure/functions-core"],
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
  });
  return outfile;
}

interface Host {
  readonly exited: Promise<unknown>;
  isAlive(): boolean;
  /** Resolves with the number of unfinished instances, or 0 when the host dies before it knows. */
  open(
    options: Omit<Extract<HostRequest, { type: "open" }>, "type">,
  ): Promise<number>;
  send(request: HostRequest): void;
  onAnswer(listener: (answer: HostAnswer) => void): void;
  unfinished(): Promise<number>;
  kill(): Promise<void>;
}

function loadHost(hostFile: string): Host {
  const child: ChildProcess = fork(hostFile, [], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    execArgv: [],
    env: { NODE_COMPILE_CACHE: `${hostFile}.cache` },
  });
  const exited = once(child, "exit");
  const loaded = once(child, "message");
  const next = (type: HostAnswer["type"]): Promise<HostAnswer | undefined> => {
    const { promise, resolve } = Promise.withResolvers<HostAnswer>();
    const listen = (answer: HostAnswer): void => {
      if (answer.type !== type) return;
      child.off("message", listen);
      resolve(answer);
    };
    child.on("message", listen);
    return Promise.race([promise, exited.then(() => undefined)]);
  };
  const send = (request: HostRequest): void => {
    // Who is killed while it is spoken to has not heard it.
    if (child.connected) child.send(request, () => undefined);
  };
  return {
    exited,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    async open(options) {
      await loaded;
      const opened = next("opened");
      send({ type: "open", ...options });
      const answer = await opened;
      return answer?.type === "opened" ? answer.unfinished : 0;
    },
    send,
    onAnswer: (listener) => child.on("message", listener),
    async unfinished() {
      const progress = next("progress");
      send({ type: "idle" });
      const answer = await progress;
      if (answer?.type !== "progress") throw new Error("the last host died");
      return answer.unfinished;
    },
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

interface Desk {
  /** Lets so many more instances be started. */
  admit(count: number): void;
  /** Asks a host for everything that no host has acknowledged yet. */
  talkTo(host: Host): void;
  allAcknowledged(): Promise<void>;
  acknowledged(): number;
}

/** The callers: each repeats its start, and then its events, until it is told that they have arrived. */
function createDeskOf(programs: ReadonlyMap<string, Program>): Desk {
  const ids = [...programs.keys()];
  const started = new Set<string>();
  const raised = new Set<string>();
  const done = Promise.withResolvers<void>();
  let admitted = 0;

  const eventsOf = (instanceId: string): readonly string[] =>
    eventNames(programs.get(instanceId)?.steps ?? []);
  const total = ids.reduce((sum, id) => sum + 1 + eventsOf(id).length, 0);
  const count = (): number => started.size + raised.size;
  const raise = (host: Host, instanceId: string): void => {
    for (const name of eventsOf(instanceId))
      if (!raised.has(`${instanceId}/${name}`))
        host.send({ type: "raise", instanceId, name });
  };

  return {
    admit(more) {
      admitted = Math.min(admitted + more, ids.length);
    },
    talkTo(host) {
      host.onAnswer((answer) => {
        if (answer.type === "started" || answer.type === "exists") {
          started.add(answer.instanceId);
          raise(host, answer.instanceId);
        } else if (answer.type === "raised")
          raised.add(`${answer.instanceId}/${answer.name}`);
        if (count() === total) done.resolve();
      });
      for (const instanceId of ids.slice(0, admitted)) {
        const input = programs.get(instanceId);
        if (started.has(instanceId)) raise(host, instanceId);
        else if (input) host.send({ type: "start", instanceId, input });
      }
    },
    allAcknowledged: () => done.promise,
    acknowledged: count,
  };
}
