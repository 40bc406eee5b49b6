import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Load } from "./run-load.ts";
import { percentile } from "./statistics.ts";
import { startNucleus, type Nucleus } from "./start-nucleus.ts";
import { createOutputWait } from "./wait-for-output.ts";
import { w1, type Shape } from "./workflows.ts";
import { toRate } from "./workloads.ts";

/** What a hub that is full, long or asked over HTTP costs. */
export interface HubFigures {
  /** W1 a second beside instances that have ended and beside such that wait, as shares of those of an empty hub. */
  readonly finished: { readonly instances: number; readonly ratio: number };
  readonly running: {
    readonly instances: number;
    readonly ratio: number;
    readonly hostBytesPerInstance: number;
  };
  /** Time per activity of one instance with 200 in sequence, as a multiple of that of one with 50; 1 is linear. */
  readonly longSequenceRatio: number;
  /** Milliseconds until a function that starts an instance has answered 202. */
  readonly accepted: { readonly p50: number; readonly p99: number };
  /** Of one W1: the history as the management API gives it, and what the hub's file has grown by. */
  readonly historyBytes: number;
  readonly diskBytes: number;
}

interface HubOptions {
  readonly finished: number;
  readonly running: number;
  readonly repeats: number;
  readonly isQuick: boolean;
  readonly say: (line: string) => void;
}

export async function measureHub(options: HubOptions): Promise<HubFigures> {
  const { say } = options;
  say("an empty hub: long sequences, acceptance, history");
  const single = await withNucleus(async (nucleus) => ({
    longSequenceRatio: await measureLongSequences(nucleus, options),
    accepted: await measureAcceptance(nucleus, options.isQuick ? 50 : 1000),
    historyBytes: await measureHistory(nucleus),
  }));
  say(`${options.running} instances that wait for an event`);
  const running = await withNucleus((nucleus) => fillRunning(nucleus, options));
  say(`${options.finished} instances that have ended`);
  const { diskBytes, ...finished } = await withNucleus((nucleus) =>
    fillFinished(nucleus, options),
  );
  return { ...single, finished, running, diskBytes };
}

export function toHubText(figures: HubFigures): string {
  const { finished, running, accepted } = figures;
  return [
    `W1 throughput beside ${finished.instances} finished instances: ${finished.ratio.toFixed(2)} of an empty hub's`,
    `W1 throughput beside ${running.instances} running instances: ${running.ratio.toFixed(2)} of an empty hub's`,
    `memory per running instance: ${(running.hostBytesPerInstance / 1024).toFixed(1)} KiB of the host`,
    `time per activity, 200 in sequence against 50: ${figures.longSequenceRatio.toFixed(2)}`,
    `POST → 202: p50 ${accepted.p50.toFixed(1)} ms, p99 ${accepted.p99.toFixed(1)} ms`,
    `a W1: ${figures.historyBytes} bytes of history, ${figures.diskBytes.toFixed(0)} bytes on disk`,
  ].join("\n");
}

async function withNucleus<Result>(
  use: (nucleus: Nucleus) => Promise<Result>,
): Promise<Result> {
  const nucleus = await startNucleus();
  try {
    return await use(nucleus);
  } finally {
    await nucleus.stop();
  }
}

async function fillRunning(
  nucleus: Nucleus,
  options: HubOptions,
): Promise<HubFigures["running"]> {
  const empty = await measureRate(nucleus, options);
  const before = readRssBytes(nucleus);
  const { url, systemKey, requests } = nucleus;
  let left = options.running;
  const start = async () => {
    for (; left > 0; left -= 1) {
      const { status } = await requests.send(
        "POST",
        `${url}/runtime/webhooks/durabletask/orchestrators/waitForEvent?code=${systemKey}`,
      );
      if (status !== 202) throw new Error(`a start answered ${status}`);
    }
  };
  await Promise.all(Array.from({ length: 16 }, start));
  // A W1 ends after everything that was accepted before it has had its turn.
  await nucleus.http.run({ shape: w1, clients: 1, until: { count: 1 } });
  const after = readRssBytes(nucleus);
  return {
    instances: options.running,
    ratio: (await measureRate(nucleus, options)) / empty,
    hostBytesPerInstance: (after - before) / options.running,
  };
}

async function fillFinished(
  nucleus: Nucleus,
  options: HubOptions,
): Promise<HubFigures["finished"] & { readonly diskBytes: number }> {
  const empty = await measureRate(nucleus, options);
  const before = readDiskBytes(nucleus);
  const batch = 10_000;
  for (let done = 0; done < options.finished; done += batch) {
    const count = Math.min(batch, options.finished - done);
    const { totalMs } = await nucleus.client.run({
      shape: w1,
      clients: 128,
      until: { count },
    });
    options.say(
      `${done + count} finished, ${(count / (totalMs / 1000)).toFixed(0)}/s`,
    );
  }
  const diskBytes = (readDiskBytes(nucleus) - before) / options.finished;
  return {
    instances: options.finished,
    ratio: (await measureRate(nucleus, options)) / empty,
    diskBytes,
  };
}

/** W1 a second of sixteen clients, the median of the repeats. */
async function measureRate(
  nucleus: Nucleus,
  { repeats, isQuick }: HubOptions,
): Promise<number> {
  const load: Load = {
    shape: w1,
    clients: 16,
    until: { ms: isQuick ? 250 : 3000 },
  };
  await nucleus.client.run(load);
  const rates: number[] = [];
  for (let n = 0; n < repeats; n += 1)
    rates.push(toRate(await nucleus.client.run(load)));
  return percentile(rates, 0.5);
}

async function measureLongSequences(
  nucleus: Nucleus,
  { repeats, isQuick }: HubOptions,
): Promise<number> {
  const msPerActivity = async (steps: number) => {
    const shape: Shape = { kind: "sequence", steps };
    const count = (isQuick ? 200 : 2000) / steps;
    const { latenciesMs } = await nucleus.client.run({
      shape,
      clients: 1,
      until: { count },
    });
    return percentile(latenciesMs, 0.5) / steps;
  };
  await msPerActivity(50);
  const ratios: number[] = [];
  for (let n = 0; n < repeats; n += 1) {
    const short = await msPerActivity(50);
    ratios.push((await msPerActivity(200)) / short);
  }
  return percentile(ratios, 0.5);
}

async function measureAcceptance(
  nucleus: Nucleus,
  count: number,
): Promise<HubFigures["accepted"]> {
  const samples: number[] = [];
  for (let n = 0; n < count; n += 1)
    samples.push((await startThroughFunction(nucleus)).acceptedMs);
  return { p50: percentile(samples, 0.5), p99: percentile(samples, 0.99) };
}

/** Starts a W1 by a function of the app, and waits until it has ended, so that the next one finds a quiet host. */
async function startThroughFunction({ url, requests }: Nucleus): Promise<{
  readonly acceptedMs: number;
  readonly instanceId: string;
}> {
  const at = performance.now();
  const { status, body } = await requests.send("POST", `${url}/api/start`, {
    ...w1,
    seed: 0,
  });
  const acceptedMs = performance.now() - at;
  if (status !== 202) throw new Error(`a start answered ${status}`);
  const { id, statusQueryGetUri } = JSON.parse(body) as {
    id: string;
    statusQueryGetUri: string;
  };
  await createOutputWait()(async () => {
    const answer = await requests.send("GET", statusQueryGetUri);
    return answer.status === 202 ? undefined : { output: answer.body };
  });
  return { acceptedMs, instanceId: id };
}

async function measureHistory(nucleus: Nucleus): Promise<number> {
  const { url, systemKey, requests } = nucleus;
  const { instanceId } = await startThroughFunction(nucleus);
  const { body } = await requests.send(
    "GET",
    `${url}/runtime/webhooks/durabletask/instances/${instanceId}?code=${systemKey}&showHistory=true&showHistoryOutput=true`,
  );
  const { historyEvents } = JSON.parse(body) as { historyEvents: unknown[] };
  return JSON.stringify(historyEvents).length;
}

/** Resident memory of the host's process; `/proc` counts it in pages of 4 KiB. */
function readRssBytes({ pid }: Nucleus): number {
  const [, resident] = readFileSync(`/proc/${pid}/statm`, "utf8").split(" ");
  return Number(resident) * 4096;
}

function readDiskBytes({ home }: Nucleus): number {
  return ["runtime.db", "runtime.db-wal"].reduce(
    (total, name) =>
      total +
      (statSync(join(home, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}
