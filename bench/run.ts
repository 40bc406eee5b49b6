import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { watchMemory } from "./watch-memory.ts";
import { createLocalIssuer } from "../local/issuer/local-issuer.ts";

/**
 * The main job's figures on this machine: latency of acceptance, throughput and latency of whole jobs, what a job costs
 * in history and activities, memory, and the time to load the app's bundle. Fsync is on; the client runs in this process
 * and takes its share of the cores.
 */
const root = resolve(import.meta.dirname, "..");
const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    jobs: { type: "string", default: "200" },
  },
});
const jobCount = Number(values.jobs);

interface App {
  readonly url: string;
  readonly home: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Highest resident memory of the host, the worker and the extraction children together, in bytes. */
  peakRssBytes(): number;
  stop(): Promise<void>;
}

async function startBenchApp(documents: string): Promise<App> {
  const home = await mkdtemp(join(tmpdir(), "nucleus-bench-"));
  const issuer = await createLocalIssuer({ home, now: Date.now });
  const child = spawn(
    process.execPath,
    [join(root, "dist/cli/nucleus.js"), "start", "--port", "0"],
    {
      env: {
        ...process.env,
        NUCLEUS_HOME: home,
        NUCLEUS_AMQP_PORT: "0",
        ARTIFACT_ROOT: documents,
      },
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
  const runtimeFile = join(home, "runtime.json");
  while (!existsSync(runtimeFile)) {
    if (child.exitCode !== null) throw new Error("the app did not start");
    await sleep(20);
  }
  const runtime = JSON.parse(readFileSync(runtimeFile, "utf8")) as {
    httpUrl: string;
  };
  const token = await issuer.issueToken({
    roles: ["adapter"],
    tenantId: "bench",
    userId: "bench",
    ttlSeconds: 3600,
  });
  const memory = watchMemory(child);
  return {
    url: runtime.httpUrl,
    home,
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
    },
    peakRssBytes: memory.peak,
    async stop() {
      memory.stop();
      child.kill("SIGTERM");
      await new Promise((done) => child.once("exit", done));
    },
  };
}

interface Spread {
  readonly p50: number;
  readonly p99: number;
}

function toSpread(samples: readonly number[]): Spread {
  const sorted = samples.toSorted((left, right) => left - right);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}

function body(files: readonly string[]): string {
  return JSON.stringify({
    platformType: "Test",
    conversationId: "bench",
    userId: "bench",
    queryText: "When does the warranty of the pump end?",
    artifactReferences: files.map((file, index) => ({
      referenceId: `r${index}`,
      referenceType: "file",
      sourceUri: file,
      fileName: file,
    })),
  });
}

async function post(app: App, files: readonly string[]): Promise<string> {
  const response = await fetch(`${app.url}/api/v1/interactions`, {
    method: "POST",
    headers: app.headers,
    body: body(files),
  });
  if (response.status !== 202)
    throw new Error(`POST answered ${response.status}`);
  return ((await response.json()) as { jobId: string }).jobId;
}

/** Asks every `pollMs`: seldom enough that the asking does not become the load, often enough for the latency. */
async function untilEnded(app: App, jobId: string, pollMs = 10): Promise<void> {
  for (;;) {
    const response = await fetch(`${app.url}/api/v1/jobs/${jobId}/status`, {
      headers: app.headers,
    });
    const { status } = (await response.json()) as { status: string };
    if (status === "Completed") return;
    if (["Failed", "Cancelled", "TimedOut"].includes(status))
      throw new Error(`a job ended as ${status}`);
    await sleep(pollMs);
  }
}

/** Runs `work` `count` times, by `clients` at once; answers each duration in milliseconds and the time for all. */
async function closedLoop(
  clients: number,
  count: number,
  work: () => Promise<unknown>,
): Promise<{ samples: number[]; totalMs: number }> {
  const samples: number[] = [];
  let left = count;
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (left > 0) {
        left -= 1;
        const at = performance.now();
        await work();
        samples.push(performance.now() - at);
      }
    }),
  );
  return { samples, totalMs: performance.now() - startedAt };
}

async function measureAccept(documents: string, clients: number) {
  const app = await startBenchApp(documents);
  try {
    const accepted: string[] = [];
    for (let n = 0; n < 20; n += 1) accepted.push(await post(app, []));
    const { samples } = await closedLoop(clients, jobCount, async () => {
      accepted.push(await post(app, []));
    });
    for (const jobId of accepted) await untilEnded(app, jobId);
    return { clients, ms: toSpread(samples) };
  } finally {
    await app.stop();
    await rm(app.home, { recursive: true, force: true });
  }
}

async function measureJobs(
  documents: string,
  files: readonly string[],
  clients: number,
) {
  const app = await startBenchApp(documents);
  try {
    await untilEnded(app, await post(app, files));
    const { samples, totalMs } = await closedLoop(clients, jobCount, async () =>
      untilEnded(app, await post(app, files), clients === 1 ? 10 : 100),
    );
    await app.stop();
    return {
      artifacts: files.length,
      clients,
      jobsPerSecond: jobCount / (totalMs / 1000),
      ms: toSpread(samples),
      peakRssMB: app.peakRssBytes() / 2 ** 20,
      ...readCosts(app.home, jobCount + 1),
    };
  } finally {
    await rm(app.home, { recursive: true, force: true });
  }
}

/** What one job left in the task hub: bytes of history, activities scheduled, orchestration instances. */
function readCosts(home: string, jobs: number) {
  const database = new DatabaseSync(join(home, "runtime.db"), {
    readOnly: true,
  });
  const one = (sql: string) =>
    Number(Object.values(database.prepare(sql).get() ?? {})[0]);
  const costs = {
    historyBytesPerJob:
      one(
        "SELECT sum(length(events) + length(coalesce(inputs, ''))) FROM th_history",
      ) / jobs,
    activitiesPerJob:
      one(
        `SELECT sum((length(events) - length(replace(events, '"EventType":4,', ''))) / length('"EventType":4,')) FROM th_history`,
      ) / jobs,
    instancesPerJob: one("SELECT count(*) FROM th_instance") / jobs,
  };
  database.close();
  return costs;
}

/** Milliseconds to load the app's bundle in a fresh process, the median of five. */
async function measureImport(): Promise<number> {
  const script = `const at = performance.now(); await import(${JSON.stringify(join(root, "dist/app/index.js"))}).catch((error) => { if (error.name !== "ConfigurationError") throw error; }); console.log(performance.now() - at);`;
  const samples: number[] = [];
  for (let n = 0; n < 5; n += 1) {
    const child = spawn(
      process.execPath,
      ["--input-type=module", "-e", script],
      {
        stdio: ["ignore", "pipe", "ignore"],
        env: { PATH: process.env["PATH"] },
      },
    );
    let output = "";
    for await (const chunk of child.stdout) output += String(chunk);
    samples.push(Number(output.trim().split("\n").at(-1)));
  }
  return toSpread(samples).p50;
}

const documents = await mkdtemp(join(tmpdir(), "nucleus-bench-documents-"));
await mkdir(documents, { recursive: true });
const files: string[] = [];
for (let n = 0; n < 5; n += 1) {
  const file = `note-${n}.md`;
  await writeFile(
    join(documents, file),
    `# Pump ${n}\n\nThe pump was installed on 3 May 2026. The warranty of the pump ends on ${n + 1} June 2029.\n\nIts filter is changed every ${n + 2} months by the caretaker.\n`,
  );
  files.push(file);
}
try {
  const figures = {
    cores: cpus().length,
    node: process.version,
    jobs: jobCount,
    importMs: await measureImport(),
    accept: [
      await measureAccept(documents, 1),
      await measureAccept(documents, 32),
    ],
    run: [
      await measureJobs(documents, files.slice(0, 1), 1),
      await measureJobs(documents, files.slice(0, 1), 16),
      await measureJobs(documents, files, 16),
    ],
  };
  if (values.json) console.log(JSON.stringify(figures));
  else print(figures);
} finally {
  await rm(documents, { recursive: true, force: true });
}

function print(figures: {
  readonly cores: number;
  readonly node: string;
  readonly jobs: number;
  readonly importMs: number;
  readonly accept: readonly Awaited<ReturnType<typeof measureAccept>>[];
  readonly run: readonly Awaited<ReturnType<typeof measureJobs>>[];
}): void {
  const ms = ({ p50, p99 }: Spread) =>
    `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
  console.log(
    `${figures.cores} cores, Node ${figures.node}, ${figures.jobs} requests or jobs a line, fsync on`,
  );
  console.log(`import of the app's bundle: ${figures.importMs.toFixed(0)} ms`);
  for (const { clients, ms: spread } of figures.accept)
    console.log(`POST → 202, ${clients} client(s): ${ms(spread)}`);
  for (const run of figures.run) {
    console.log(
      `${run.artifacts} artifact(s), ${run.clients} client(s): ${run.jobsPerSecond.toFixed(1)} jobs/s, ${ms(run.ms)}, peak RSS ${run.peakRssMB.toFixed(0)} MB`,
    );
    console.log(
      `  a job: ${run.activitiesPerJob.toFixed(1)} activities, ${run.instancesPerJob.toFixed(1)} instances, ${(run.historyBytesPerJob / 1024).toFixed(1)} KiB of history`,
    );
  }
}
