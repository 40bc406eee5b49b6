import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  checkHub,
  readHubReport,
  type HubReport,
} from "../../local/durable/hub-report.ts";
import {
  taskHubApplicationId,
  taskHubMigrations,
} from "../../local/durable/schema.ts";
import { HostStartError } from "../../local/host/host-start-error.ts";
import { lockHome } from "../../local/host/lock-home.ts";
import { compactDatabase } from "../../shared/storage/compact-database.ts";
import { DatabaseRefused } from "../../shared/storage/database-refused.ts";
import type { Command, CommandIo } from "../command.ts";
import { ExpectedFailure, UsageError } from "../failures.ts";
import { parseArguments, parseWholeNumber } from "../parse-arguments.ts";

type Action = (args: readonly string[], io: CommandIo) => number;

/** `nucleus hub`: looks at the task hub's file, and after it. Exit code 1 when the check finds it damaged. */
export const runHub: Command = async ([name = "", ...args], io) => {
  const action = new Map<string, Action>([
    ["stats", showStatistics],
    ["check", check],
    ["compact", compact],
  ]).get(name);
  if (action === undefined)
    throw new UsageError("hub has three actions: stats, check and compact");
  try {
    return action(args, io);
  } catch (error) {
    if (error instanceof DatabaseRefused || error instanceof HostStartError)
      throw new ExpectedFailure(error.message);
    throw error;
  }
};

const place = { "script-root": { type: "string" } } as const;

function showStatistics(args: readonly string[], io: CommandIo): number {
  const values = parseArguments(args, {
    ...place,
    largest: { type: "string" },
    json: { type: "boolean" },
  });
  const report = readHubReport(hubFile(values["script-root"], io), {
    largest: parseWholeNumber("--largest", values.largest ?? "0", [0, 1000]),
  });
  io.print(
    values.json === true ? JSON.stringify(report, null, 2) : toText(report),
  );
  return 0;
}

function check(args: readonly string[], io: CommandIo): number {
  const values = parseArguments(args, place);
  const file = hubFile(values["script-root"], io);
  const problems = checkHub(file);
  if (problems.length === 0) {
    io.print(`${file} is whole.`);
    return 0;
  }
  for (const problem of problems) io.print(problem);
  io.warn(
    `nucleus: ${file} is damaged. Restore it from a backup, or move it away together with its -wal file to begin with an empty one.`,
  );
  return 1;
}

function compact(args: readonly string[], io: CommandIo): number {
  const values = parseArguments(args, place);
  const file = hubFile(values["script-root"], io);
  // There is something to compact, or the reason why not.
  const { bytes } = readHubReport(file, { largest: 0 });
  const unlock = lockHome(resolve(file, ".."));
  try {
    compactDatabase({
      file,
      applicationId: taskHubApplicationId,
      migrations: taskHubMigrations,
      canShrink: true,
      isSoleUser: true,
    });
  } finally {
    unlock();
  }
  io.print(
    `${file}: ${toSize(bytes.file + bytes.wal)} before, ${toSize(statSync(file).size)} now.`,
  );
  return 0;
}

/** NUCLEUS_HOME, or `.nucleus` in the app's folder, as the host has it. */
function hubFile(scriptRoot: string | undefined, io: CommandIo): string {
  const home = io.env["NUCLEUS_HOME"];
  return home === undefined || home === ""
    ? join(resolve(io.cwd, scriptRoot ?? "."), ".nucleus", "runtime.db")
    : join(resolve(io.cwd, home), "runtime.db");
}

function toText(report: HubReport): string {
  const { bytes, history } = report;
  const counts = Object.entries(report.instances);
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  const statuses = counts.map(([status, count]) => `${status} ${count}`);
  const fields: [string, string][] = [
    ["file", `${report.file} (schema version ${report.schemaVersion})`],
    [
      "size",
      `${toSize(bytes.file)}, WAL ${toSize(bytes.wal)}, free ${toSize(bytes.free)}${report.canShrink ? "" : ' (given back by "nucleus hub compact" only)'}`,
    ],
    ["instances", [total, ...statuses].join(", ")],
    ["messages", `${report.waitingMessages} waiting`],
    [
      "history",
      `median ${toSize(history.median)}, p99 ${toSize(history.p99)}, greatest ${toSize(history.greatest)} of ${history.measured} instances`,
    ],
  ];
  return [
    ...fields.map(([name, value]) => `${name.padEnd(10)} ${value}`),
    ...history.largest.map(({ id, name, status, turns, bytes: size }) =>
      [toSize(size).padStart(10), `${turns} turns`, status, name, id].join(
        "  ",
      ),
    ),
  ].join("\n");
}

function toSize(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB"];
  const power = Math.min(
    Math.floor(Math.log2(Math.max(bytes, 1)) / 10),
    units.length - 1,
  );
  const value = bytes / 1024 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${units[power]}`;
}
