import { cpus } from "node:os";
import { countSyncs } from "./count-syncs.ts";
import { installPeers } from "../install-peers.ts";
import { MissingPrerequisite, type EngineProcess } from "./engine.ts";
import { measure } from "./measure.ts";
import { measureHub, toHubText } from "./measure-hub.ts";
import { readOptions, type Options } from "./options.ts";
import { createOtherLoad } from "./other-load.ts";
import { startNucleus } from "./start-nucleus.ts";
import { startPeer } from "./start-peer.ts";
import {
  toProcessorRow,
  toRows,
  type ProcessorRow,
  type ReportRow,
} from "./to-report.ts";
import { toProcessorTable, toTable } from "./to-table.ts";
import { createWorkloads, warmUps } from "./workloads.ts";

/**
 * The embedded runtime beside other durable engines on this machine, in one run and in turn, everything synced to disk
 * before it is acknowledged. Progress goes to standard error, the table or the JSON to standard output.
 */
const options = readOptions(process.argv.slice(2));
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => process.exit(1));
const machine = {
  cores: cpus().length,
  processor: cpus()[0]?.model ?? "unknown",
  node: process.version,
};

switch (options.mode) {
  case "workloads": {
    const { rows, processor, missing } = await runWorkloads(options);
    print({ workloads: rows, processor, missing, machine }, () =>
      [toTable(rows), "", toProcessorTable(processor), ...missing].join("\n"),
    );
    break;
  }
  case "hub": {
    const hub = await measureHub({ ...options, say });
    print({ hub, machine }, () => toHubText(hub));
    break;
  }
  case "count-syncs": {
    const { peers, missing: notInstalled } = preparePeers(options);
    const { counts, missing: notThere } = await countSyncs(peers, say);
    const missing = [...notInstalled, ...notThere];
    print({ syncs: counts, missing, machine }, () =>
      [
        ...counts.map(
          ({ engine, clients, syncsPerWorkflow }) =>
            `${engine}, ${clients} client(s): ${syncsPerWorkflow.toFixed(1)} syncs per W1`,
        ),
        ...missing,
      ].join("\n"),
    );
    break;
  }
  default:
    options.mode satisfies never;
}

async function runWorkloads({ repeats, ...rest }: Options): Promise<{
  readonly rows: readonly ReportRow[];
  readonly processor: readonly ProcessorRow[];
  readonly missing: readonly string[];
}> {
  await using resources = new AsyncDisposableStack();
  const { peers, missing: notInstalled } = preparePeers(rest);
  const missing = [...notInstalled];
  const nucleus = await startNucleus();
  resources.defer(nucleus.stop);
  const processes: EngineProcess[] = [nucleus];
  for (const name of peers) {
    try {
      const peer = await startPeer(name);
      resources.defer(peer.stop);
      processes.push(peer);
    } catch (error) {
      if (!(error instanceof MissingPrerequisite)) throw error;
      missing.push(error.message);
      say(error.message);
    }
  }
  const engines = processes.flatMap(({ engines }) => engines);
  const watchOthers = createOtherLoad(processes);
  if (!rest.isQuick)
    for (const { run } of engines) for (const load of warmUps) await run(load);
  const rows: ReportRow[] = [];
  const processor: ProcessorRow[] = [];
  for (const workload of createWorkloads(rest)) {
    const measured = await measure(engines, workload, {
      repeats,
      tries: rest.isQuick ? 1 : 3,
      watchOthers,
      say,
    });
    processor.push(toProcessorRow(workload.name, measured));
    for (const metric of workload.metrics)
      rows.push(...toRows(metric, nucleus.engines, measured));
  }
  return { rows, processor, missing };
}

/** The peers that can be started; their packages are installed when there are any. */
function preparePeers({ peers }: Pick<Options, "peers">): {
  readonly peers: Options["peers"];
  readonly missing: readonly string[];
} {
  const missing =
    peers.length > 0 ? installPeers(import.meta.dirname) : undefined;
  if (missing === undefined) return { peers, missing: [] };
  say(missing);
  return { peers: [], missing: [missing] };
}

function print(report: object, toText: () => string): void {
  console.log(options.json ? JSON.stringify(report) : toText());
}

function say(line: string): void {
  console.error(line);
}
