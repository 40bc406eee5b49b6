import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { RuntimeInfo } from "../../local/host/runtime-file.ts";
import { createLocalIssuer } from "../../local/issuer/local-issuer.ts";
import { systemNow } from "../../shared/kernel/clock.ts";
import type { Command, CommandIo } from "../command.ts";
import { ExpectedFailure } from "../failures.ts";
import { findAppRoot } from "../find-app-root.ts";
import { pickMissing, toLocalSettings } from "../local-settings.ts";
import { parseArguments } from "../parse-arguments.ts";
import { resolveHome } from "../resolve-home.ts";
import { readGivenSettings } from "../start-local-app.ts";

/** What the app's own doctor says: `functions/doctor.ts`, in the same words. */
type Diagnosis =
  | { readonly findings: readonly Finding[] }
  | { readonly configurationError: string };

interface Finding {
  readonly port: string;
  readonly adapter: string;
  readonly place: string;
  readonly outcome: "ok" | "failed" | "not asked";
  readonly durationMs: number;
  readonly advice?: string;
}

const timeoutMs = 120_000;
/** Stands for the embedded runtime's endpoint while that does not run. */
const absentServiceBus =
  "Endpoint=sb://127.0.0.1;SharedAccessKeyName=none;SharedAccessKey=none";

/** `nucleus doctor`: looks at the app with the settings that `nucleus start` would give it. Exit code 1: something failed. */
export const runDoctor: Command = async (args, io) => {
  const values = parseArguments(args, {
    "ask-model": { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  });
  const settings = await readSettings(io);
  const diagnosis = await runAppDoctor(settings.environment, [
    ...(values["ask-model"] ? ["--ask-model"] : []),
    ...(settings.hasOwnServiceBus ? ["--own-service-bus"] : []),
  ]);
  if ("configurationError" in diagnosis)
    throw new ExpectedFailure(diagnosis.configurationError);
  const { findings } = diagnosis;
  io.print(
    values.json ? JSON.stringify({ findings }, null, 2) : toTable(findings),
  );
  return findings.some(({ outcome }) => outcome === "failed") ? 1 : 0;
};

/** The app's settings, as `nucleus start` would complete them. */
async function readSettings(io: CommandIo) {
  const home = resolveHome(io);
  const issuer = await createLocalIssuer({ home, now: systemNow });
  const given = readGivenSettings(io.env);
  const isGiven = (name: string): boolean => (given[name] ?? "") !== "";
  const defaults = pickMissing(
    toLocalSettings({
      home,
      issuer,
      artifactRoot: join(findAppRoot(), "examples/documents"),
      publicUrl: "http://127.0.0.1:7071",
    }),
    given,
  );
  const isElsewhere =
    isGiven("ServiceBusConnection") ||
    isGiven("ServiceBusConnection__fullyQualifiedNamespace");
  const running = isElsewhere ? undefined : await readRunning(home);
  return {
    hasOwnServiceBus: !isElsewhere && running === undefined,
    environment: {
      ...given,
      ...defaults,
      ...(!isElsewhere && {
        ServiceBusConnection: running ?? absentServiceBus,
      }),
    },
  };
}

/** The Service Bus connection of the app that runs in this home; undefined when none does. */
async function readRunning(home: string): Promise<string | undefined> {
  const text = await readFile(join(home, "runtime.json"), "utf8").catch(
    () => undefined,
  );
  if (text === undefined) return undefined;
  const { pid, serviceBusConnectionString } = JSON.parse(text) as RuntimeInfo;
  try {
    process.kill(pid, 0);
    return serviceBusConnectionString;
  } catch {
    return undefined;
  }
}

/** In a process of its own, as on Azure: the command itself holds nothing of the app. */
function runAppDoctor(
  environment: Readonly<Record<string, string | undefined>>,
  args: readonly string[],
): Promise<Diagnosis> {
  const program = join(findAppRoot(), "dist/app/doctor.js");
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [program, ...args],
      { env: { ...environment }, timeout: timeoutMs },
      (_error, stdout, stderr) => {
        const last = stdout.trim().split("\n").at(-1) ?? "";
        if (last.startsWith("{")) resolve(JSON.parse(last) as Diagnosis);
        else
          reject(
            new ExpectedFailure(
              `the app's doctor did not answer: ${stderr.trim().split("\n")[0] ?? "no output"}`,
            ),
          );
      },
    );
  });
}

const marks = { ok: "ok", failed: "FAILED", "not asked": "-" } as const;

function toTable(findings: readonly Finding[]): string {
  const width = (of: (finding: Finding) => string) =>
    Math.max(...findings.map((finding) => of(finding).length));
  const ports = width(({ port }) => port);
  const adapters = width(({ adapter }) => adapter);
  return findings
    .flatMap(({ port, adapter, place, outcome, durationMs, advice }) => [
      [
        port.padEnd(ports),
        adapter.padEnd(adapters),
        marks[outcome].padEnd(6),
        outcome === "not asked" ? "".padEnd(8) : `${durationMs} ms`.padEnd(8),
        place,
      ].join("  "),
      ...(advice === undefined ? [] : [`${" ".repeat(ports)}  ${advice}`]),
    ])
    .join("\n");
}
