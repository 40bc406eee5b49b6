import { rm } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";
import {
  closedLoop,
  measureImport,
  post,
  type Spread,
  startBenchApp,
  toSpread,
  untilEnded,
  writeNotes,
} from "./bench-app.ts";

/**
 * The main job's figures on this machine: latency of acceptance, throughput and latency of whole jobs, what a job costs
 * in history and activities, memory, and the time to load the app's bundle. Fsync is on; the client runs in this process
 * and takes its share of the cores.
 */
const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    jobs: { type: "string", default: "200" },
  },
});
const jobCount = Number(values.jobs);

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

const { documents, files } = await writeNotes();
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
