import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  runStep,
  sumOf,
  type Shape,
  type StepInput,
  type StepResult,
} from "../workflows.ts";
import { loadPackage, type Peer } from "./peer.ts";
import { runServer } from "./run-server.ts";

/** What is used of `bullmq` 6. */
interface BullMq {
  readonly Queue: new (
    name: string,
    options: ConnectionOptions,
  ) => Closable & {
    add(name: string, data: unknown, options: JobOptions): Promise<unknown>;
  };
  readonly FlowProducer: new (options: ConnectionOptions) => Closable & {
    add(flow: FlowJob): Promise<unknown>;
  };
  readonly Worker: new (
    name: string,
    processor: (job: Job) => Promise<unknown>,
    options: ConnectionOptions & { readonly concurrency: number },
  ) => Closable & {
    waitUntilReady(): Promise<unknown>;
    on(event: "error", listener: (error: Error) => void): unknown;
  };
  readonly QueueEvents: new (
    name: string,
    options: ConnectionOptions,
  ) => Closable & {
    waitUntilReady(): Promise<unknown>;
    on(event: "completed", listener: (event: Completed) => void): unknown;
    on(event: "failed", listener: (event: Failed) => void): unknown;
  };
}

interface ConnectionOptions {
  readonly connection: { readonly path: string; maxRetriesPerRequest: null };
}

interface Closable {
  close(): Promise<void>;
}

interface JobOptions {
  readonly jobId: string;
}

interface FlowJob {
  readonly name: string;
  readonly queueName: string;
  readonly data: unknown;
  readonly opts?: JobOptions;
  readonly children?: readonly FlowJob[];
}

interface Job {
  readonly id: string;
  readonly name: string;
  readonly data: unknown;
  updateData(data: unknown): Promise<void>;
  getChildrenValues(): Promise<Record<string, StepResult>>;
}

interface Completed {
  readonly jobId: string;
  readonly returnvalue: unknown;
}

interface Failed {
  readonly jobId: string;
  readonly failedReason: string;
}

/** More than any workload has steps at once. */
const concurrency = 512;
const flowQueue = "flow";
const stepsQueue = "steps";

const oneJob = "BullMQ, a job per workflow";

/**
 * BullMQ on a Redis that syncs its log before it answers, reached through a socket file; ends are heard of by
 * QueueEvents. Two ways: a job for each step (flows), and a job for each workflow that saves its data after each step.
 */
export async function startBullMq(folder: string): Promise<Peer> {
  const socket = join(folder, "redis.sock");
  await writeFile(join(folder, "redis.conf"), toRedisConfig(folder, socket));
  const redis = await runServer({
    command: ["redis-server", join(folder, "redis.conf")],
    missing: "BullMQ needs Redis: apt-get install redis-server",
    isReady: () => Promise.resolve(existsSync(socket)),
  });
  const bullmq = await loadPackage<BullMq>("bullmq");
  const options: ConnectionOptions = {
    connection: { path: socket, maxRetriesPerRequest: null },
  };
  const flows = await startFlows(bullmq, options);
  const steps = await startSteps(bullmq, options);
  return {
    engines: {
      "BullMQ, a job per step": flows.run,
      [oneJob]: steps.run,
    },
    handWritten: [oneJob],
    async stop() {
      await flows.close();
      await steps.close();
      await redis.stop();
    },
  };
}

/** Everything else is Redis' default; snapshots are off, as the log is what keeps the data. */
function toRedisConfig(folder: string, socket: string): string {
  return [
    "port 0",
    `unixsocket "${socket}"`,
    `dir "${folder}"`,
    "appendonly yes",
    "appendfsync always",
    'save ""',
  ].join("\n");
}

/**
 * Sequences are one flow, added at once. A fan-out is not a tree: its first job adds the rest as a flow, under ids that
 * make a second run of it add nothing.
 */
async function startFlows(bullmq: BullMq, options: ConnectionOptions) {
  const producer = new bullmq.FlowProducer(options);
  const outputs = await listen(bullmq, flowQueue, options);
  const worker = new bullmq.Worker(
    flowQueue,
    async (job) => {
      const data = job.data as StepInput & { readonly width?: number };
      if (job.name === "first") {
        const result = runStep(data);
        await producer.add(toFanOut(job.id, result.value, data.width ?? 0));
        return result;
      }
      if (job.name === "branch") return runStep(data);
      const children = Object.values(await job.getChildrenValues());
      const value = children.length === 0 ? data.value : sumOf(children);
      return runStep({ value, add: data.add });
    },
    { ...options, concurrency },
  );
  worker.on("error", () => undefined);
  await worker.waitUntilReady();
  return {
    async run(shape: Shape, seed: number): Promise<unknown> {
      const id = outputs.nextId();
      if (shape.kind === "sequence") {
        const output = outputs.of(id);
        await producer.add(toSequence(id, seed, shape.steps));
        return output;
      }
      const output = outputs.of(`${id}-last`);
      await producer.add({
        name: "first",
        queueName: flowQueue,
        data: { value: seed, add: 1, width: shape.width },
        opts: { jobId: id },
      });
      return output;
    },
    close: () => closeAll(worker, outputs, producer),
  };
}

function toSequence(id: string, value: number, steps: number): FlowJob {
  let flow: FlowJob | undefined;
  for (let add = 1; add <= steps; add += 1)
    flow = {
      name: "step",
      queueName: flowQueue,
      data: { value, add },
      ...(add === steps && { opts: { jobId: id } }),
      ...(flow !== undefined && { children: [flow] }),
    };
  if (flow === undefined) throw new Error("a sequence has steps");
  return flow;
}

function toFanOut(id: string, value: number, width: number): FlowJob {
  return {
    name: "last",
    queueName: flowQueue,
    data: { value, add: 1 },
    opts: { jobId: `${id}-last` },
    children: Array.from({ length: width }, (_, index) => ({
      name: "branch",
      queueName: flowQueue,
      data: { value, add: index + 1 },
      opts: { jobId: `${id}-${index}` },
    })),
  };
}

/** The documentation's "process step jobs": what a step answered is saved in the job before the next one runs. */
async function startSteps(bullmq: BullMq, options: ConnectionOptions) {
  const queue = new bullmq.Queue(stepsQueue, options);
  const outputs = await listen(bullmq, stepsQueue, options);
  const worker = new bullmq.Worker(stepsQueue, (job) => runSavedSteps(job), {
    ...options,
    concurrency,
  });
  worker.on("error", () => undefined);
  await worker.waitUntilReady();
  return {
    async run(shape: Shape, seed: number): Promise<unknown> {
      const id = outputs.nextId();
      const output = outputs.of(id);
      await queue.add(shape.kind, { shape, seed, done: {} }, { jobId: id });
      return output;
    },
    close: () => closeAll(worker, outputs, queue),
  };
}

async function runSavedSteps(job: Job): Promise<StepResult> {
  const { shape, seed, done } = job.data as {
    readonly shape: Shape;
    readonly seed: number;
    readonly done: Record<string, StepResult>;
  };
  const step = async (name: string, input: StepInput): Promise<StepResult> => {
    const saved = done[name];
    if (saved !== undefined) return saved;
    const result = runStep(input);
    done[name] = result;
    await job.updateData({ shape, seed, done });
    return result;
  };
  if (shape.kind === "sequence") {
    let result: StepResult = { value: seed, text: "" };
    for (let add = 1; add <= shape.steps; add += 1)
      result = await step(`${add}`, { value: result.value, add });
    return result;
  }
  const first = await step("first", { value: seed, add: 1 });
  const branches = await Promise.all(
    Array.from({ length: shape.width }, (_, index) =>
      step(`branch ${index}`, { value: first.value, add: index + 1 }),
    ),
  );
  return step("last", { value: sumOf(branches), add: 1 });
}

/** Hears of every job's end in a queue, and gives what it answered to who waits for it. */
async function listen(
  { QueueEvents }: BullMq,
  queueName: string,
  options: ConnectionOptions,
) {
  const waiting = new Map<
    string,
    { resolve(output: unknown): void; reject(error: Error): void }
  >();
  const events = new QueueEvents(queueName, options);
  events.on("completed", ({ jobId, returnvalue }) => {
    waiting.get(jobId)?.resolve(returnvalue);
    waiting.delete(jobId);
  });
  events.on("failed", ({ jobId, failedReason }) => {
    waiting.get(jobId)?.reject(new Error(failedReason));
    waiting.delete(jobId);
  });
  await events.waitUntilReady();
  let lastId = 0;
  return {
    nextId: () => `workflow-${(lastId += 1)}`,
    of: (jobId: string) =>
      new Promise<unknown>((resolve, reject) => {
        waiting.set(jobId, { resolve, reject });
      }),
    close: () => events.close(),
  };
}

async function closeAll(...parts: readonly Closable[]): Promise<void> {
  for (const part of parts) await part.close();
}
