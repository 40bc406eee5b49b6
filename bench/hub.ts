import { mkdtempSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createSystemClock } from "../local/durable/clock.ts";
import { createDurableEngine } from "../local/durable/engine.ts";
import { listInstances } from "../local/durable/list-instances.ts";
import { createTaskHubStore } from "../local/durable/task-hub-store.ts";
import { openTaskHub } from "../local/host/open-task-hub.ts";
import { createSpaceKeeper } from "../shared/storage/space-keeper.ts";
import { fillHub } from "./fill-hub.ts";
import { sequenceWorker } from "./sequence-worker.ts";

/**
 * A task hub full of finished instances beside a small one: what does each of its operations cost? The engine runs in
 * this process with a worker that answers at once, so that the storage is what is measured. Fsync is on.
 */
const { values } = parseArgs({
  options: {
    gigabytes: { type: "string", default: "1" },
    /** The disk that is measured. */
    dir: { type: "string", default: "." },
    json: { type: "boolean", default: false },
  },
});
const instancesPerGigabyte = 122_000;
const runs = 1000;
const concurrency = 64;
const asked = 300;
const smallHub = 10_000;
const repeats = 3;
const mostPurged = 100_000;

type Figures = Record<string, number>;

function openEngine(file: string) {
  const hub = openTaskHub(file, (_, event, fields) =>
    console.error(event, fields),
  );
  const engine = createDurableEngine({
    database: hub.database,
    loop: hub.loop,
    worker: sequenceWorker,
    clock: createSystemClock(),
    functions: {
      orchestrators: new Set(["sequence"]),
      activities: new Set(["step"]),
      entities: new Set(),
    },
    config: {
      hubName: "Bench",
      maxConcurrentActivityFunctions: concurrency,
      maxConcurrentOrchestratorFunctions: concurrency,
      maxConcurrentEntityFunctions: 1,
      maxEntityOperationBatchSize: 1,
      mode: "strict",
      versions: {
        defaultVersion: undefined,
        matchStrategy: "CurrentOrOlder",
        failureStrategy: "Reject",
      },
    },
    log: () => undefined,
  });
  engine.start();
  return { hub, engine };
}
type Opened = ReturnType<typeof openEngine>;

async function measure(file: string): Promise<Figures> {
  const opening = performance.now();
  const opened = openEngine(file);
  const figures: Figures = { "open, ms": performance.now() - opening };
  await measureRuns(opened, figures);
  measureReads(opened, figures);
  opened.engine.close();
  await opened.hub.close();
  return figures;
}

async function measureRuns(
  { engine }: Opened,
  figures: Figures,
): Promise<void> {
  const input = JSON.stringify("i".repeat(300));
  const run = async (): Promise<void> => {
    await engine.client.start({ name: "sequence", input });
    await engine.idle();
  };
  await run();
  const rate = async (work: (n: number) => Promise<unknown>) => {
    const begin = performance.now();
    let n = 0;
    const next = async (): Promise<void> => {
      while (n < runs) await work((n += 1));
    };
    await Promise.all(Array.from({ length: concurrency }, next));
    await engine.idle();
    return (runs * 1000) / (performance.now() - begin);
  };
  figures["four steps, runs/s"] = await rate(() =>
    engine.client.start({ name: "sequence", input }),
  );
  const samples: number[] = [];
  for (let n = 0; n < 50; n += 1) {
    const begin = performance.now();
    await run();
    samples.push(performance.now() - begin);
  }
  figures["four steps alone, ms"] = median(samples);
}

function measureReads({ hub, engine }: Opened, figures: Figures): void {
  const store = createTaskHubStore(hub.database);
  const all = store.listByCreation({
    statuses: ["Completed"],
    createdFrom: 0,
    createdTo: Number.MAX_SAFE_INTEGER,
    limit: 300_000,
  });
  const scattered = Array.from(
    { length: asked },
    (_, n) => all[Math.floor(((n * 0.618) % 1) * all.length)],
  );
  const ids = scattered.map((at) => store.readInstance(at?.key ?? 0)?.id ?? "");
  const middle = all[Math.floor(all.length / 2)]?.createdAt ?? 0;
  const time = (name: string, ask: (n: number) => unknown, times = asked) => {
    const samples: number[] = [];
    for (let n = 0; n < times; n += 1) {
      const begin = performance.now();
      ask(n);
      samples.push(performance.now() - begin);
    }
    figures[name] = median(samples);
  };
  const list = (filter: Parameters<typeof listInstances>[1]) => () =>
    listInstances(store, filter, { top: 100 });
  time("status, ms", (n) => engine.client.getStatus(ids[n] ?? ""));
  time("history, ms", (n) => store.readTurns(scattered[n]?.key ?? 0));
  time("list, first 100, ms", list({}));
  time("list, failed, ms", list({ statuses: ["Failed"] }));
  time("list, from a time, ms", list({ createdFrom: middle }));
  time("list, rare prefix, ms", list({ instanceIdPrefix: "rare-" }));
  time(
    "list, prefix and no match, ms",
    list({ instanceIdPrefix: "a", statuses: ["Canceled"] }),
    20,
  );
  time("counts by status, ms", () => store.countByStatus(), 5);
}

/** Purges all finished instances but the newest, while the longest wait of the event loop is measured. */
async function measurePurge(file: string, keep: number): Promise<Figures> {
  const { hub, engine } = openEngine(file);
  const sizeBefore = statSync(file).size;
  const [last] = hub.database
    .prepare(
      "SELECT created_at FROM th_instance ORDER BY key DESC LIMIT 1 OFFSET ?",
    )
    .all(keep);
  const waits = watchEventLoop();
  const begin = performance.now();
  const purged = await engine.client.purgeBy({
    createdFrom: 0,
    createdTo: Number(last?.["created_at"] ?? 0),
  });
  const purgeMs = performance.now() - begin;
  const purgeWaits = waits.take();
  const keeper = createSpaceKeeper(hub.database, hub.loop);
  const reclaimBegin = performance.now();
  while (keeper.step()) await hub.loop.committed();
  await hub.loop.committed();
  const reclaimMs = performance.now() - reclaimBegin;
  const reclaimWaits = waits.take();
  waits.stop();
  const sizeAfter = statSync(file).size;
  await hub.close();
  return {
    purged,
    "purge, instances/s": (purged * 1000) / purgeMs,
    "longest wait while purging, ms": purgeWaits,
    "file before, MB": sizeBefore / 1e6,
    "file after, MB": sizeAfter / 1e6,
    "given back, MB/s": (sizeBefore - sizeAfter) / 1e3 / reclaimMs,
    "longest wait while giving back, ms": reclaimWaits,
  };
}

function watchEventLoop() {
  let longest = 0;
  let last = performance.now();
  let isOn = true;
  const turn = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (isOn) setImmediate(turn);
  };
  turn();
  return {
    take(): number {
      const taken = longest;
      longest = 0;
      return taken;
    },
    stop: () => (isOn = false),
  };
}

async function fill(file: string, instances: number): Promise<void> {
  const hub = openTaskHub(file, () => undefined);
  fillHub(hub.database, instances);
  await hub.close();
}

function mediansOf(figures: readonly Figures[]): Figures {
  return Object.fromEntries(
    Object.keys(figures[0] ?? {}).map((name) => [
      name,
      median(figures.map((each) => each[name] ?? 0)),
    ]),
  );
}

function median(samples: readonly number[]): number {
  return samples.toSorted((a, b) => a - b)[samples.length >> 1] ?? 0;
}

function print(title: string, rows: readonly (readonly string[])[]): void {
  console.log(`\n${title}`);
  for (const [name = "", ...cells] of rows)
    console.log(
      `  ${name.padEnd(36)}${cells.map((cell) => cell.padStart(12)).join("")}`,
    );
}

const folder = mkdtempSync(join(values.dir, "hub-bench-"));
try {
  const instances = Math.round(Number(values.gigabytes) * instancesPerGigabyte);
  const smallFile = join(folder, "small.db");
  const bigFile = join(folder, "big.db");
  await fill(smallFile, smallHub);
  await fill(bigFile, instances);
  const measured: { small: Figures; big: Figures }[] = [];
  for (let repeat = 0; repeat < repeats; repeat += 1)
    measured.push({
      small: await measure(smallFile),
      big: await measure(bigFile),
    });
  const small = mediansOf(measured.map((each) => each.small));
  const big = mediansOf(measured.map((each) => each.big));
  const purge = await measurePurge(
    bigFile,
    instances - Math.min(mostPurged, Math.round(instances / 2)),
  );
  if (values.json)
    console.log(JSON.stringify({ instances, small, big, purge }));
  else {
    print(`${instances} finished instances beside ${smallHub}`, [
      ["", "small", "full", "ratio"],
      ...Object.keys(small).map((name) => {
        const [a = 0, b = 0] = [small[name], big[name]];
        return [name, a.toFixed(3), b.toFixed(3), (b / a).toFixed(2)];
      }),
    ]);
    print(
      "purge of the oldest",
      Object.entries(purge).map(([name, value]) => [name, value.toFixed(1)]),
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
