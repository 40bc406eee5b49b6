import { parseArgs } from "node:util";
import { peerNames, type PeerName } from "./peers/messages.ts";
import { groups, type Group } from "./workloads.ts";

export interface Options {
  readonly json: boolean;
  readonly isQuick: boolean;
  readonly repeats: number;
  readonly only: readonly Group[];
  readonly peers: readonly PeerName[];
  readonly mode: "workloads" | "hub" | "count-syncs";
  /** How many instances the hub holds in `--hub`. */
  readonly finished: number;
  readonly running: number;
}

/** @throws Error with one line that says which argument is wrong. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      repeats: { type: "string" },
      only: { type: "string", default: groups.join(",") },
      peers: { type: "string", default: peerNames.join(",") },
      "no-peers": { type: "boolean", default: false },
      hub: { type: "boolean", default: false },
      "count-syncs": { type: "boolean", default: false },
      finished: { type: "string", default: "100000" },
      running: { type: "string", default: "10000" },
    },
  });
  if (values.hub && values["count-syncs"])
    throw new Error("--hub and --count-syncs are two runs");
  return {
    json: values.json,
    isQuick: values.quick,
    repeats: readCount("repeats", values.repeats ?? (values.quick ? "1" : "3")),
    only: readNames("only", values.only, groups),
    peers: values["no-peers"]
      ? []
      : readNames("peers", values.peers, peerNames),
    mode: values.hub
      ? "hub"
      : values["count-syncs"]
        ? "count-syncs"
        : "workloads",
    finished: readCount("finished", values.finished),
    running: readCount("running", values.running),
  };
}

function readCount(option: string, text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new Error(`--${option} must be a whole number above 0`);
}

function readNames<Name extends string>(
  option: string,
  text: string,
  known: readonly Name[],
): readonly Name[] {
  return text.split(",").map((given) => {
    const found = known.find((name) => name === given.trim().toLowerCase());
    if (found === undefined)
      throw new Error(`--${option} takes ${known.join(", ")}; not "${given}"`);
    return found;
  });
}
