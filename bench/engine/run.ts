import { cpus } from "node:os";
import { countSyncs } from "./count-syncs.ts";
import { MissingPrerequisite, type EngineProcess } from "./engine.ts";
import { installPeers } from "./install-peers.ts";
import { measure } from "./measure.ts";
import { measureHub, toHubText } from "./measure-hub.ts";
import { readOptions, type Options } from "./options.ts";
import { createOtherLoad } from "./other-load.ts";
import { startNucleus } from "./start-nucleus.ts";
import { startPeer } from "./start-peer.ts";
import { toRows, type ReportRow } from "./to-report.ts";
import { toTable } from "./to-table.ts";
import { createWorkloads } from "./workloads.ts";

/**
 * The embedded runtime beside other durable engines on this machine, in one run and in turn, everything synced to disk
 * before it is acknowledged. Progress goes to standard error, the table or the JSON to standard output.
 */
const options = readOptions(process.argv.slice(2));
const machine = {
  cores: cpus().length,
  processor: cpus()[0]?.model ?? "unknown",
  node: process.version,
};

switch (options.mode) {
  case "workloads": {
    const { rows, missing } = await runWorkloads(options);
    print({ workloads: rows, missing, machine }, () =>
      [toTable(rows), ...missing].join("\n"),
    );
    break;
  }
  case "hub": {
    const hub = await measureHub({ ...options, say });
    print({ hub, machine }, () => toHubText(hub));
    break;
  }
  case "count-syncs": {
    const { counts, missing } = await countSyncs(preparePeers(options), say);
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
  readonly missing: readonly string[];
}> {
  await using resources = new AsyncDisposableStack();
  const missing: string[] = [];
  const nucleus = await startNucleus();
  resources.defer(nucleus.stop);
  const processes: EngineProcess[] = [nucleus];
  for (const name of preparePeers(rest)) {
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
  const rows: ReportRow[] = [];
  for (const workload of createWorkloads(rest)) {
    const measured = await measure(engines, workload, {
      repeats,
      tries: rest.isQuick ? 1 : 3,
      watchOthers,
      say,
    });
    for (const metric of workload.metrics)
      rows.push(...toRows(metric, nucleus.engines, measured));
  }
  return { rows, missing };
}

/** The peers to start; installs their packages when there are any. */
function preparePeers({ peers }: Pick<Options, "peers">): Options["peers"] {
  if (peers.length > 0) installPeers();
  return peers;
}

function print(report: object, toText: () => string): void {
  console.log(options.json ? JSON.stringify(report) : toText());
}

function say(line: string): void {
  console.error(line);
}
