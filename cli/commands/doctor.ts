import type { Command } from "../command.ts";
import { ExpectedFailure } from "../failures.ts";
import { parseArguments } from "../parse-arguments.ts";
import { readAppSettings, runAppProgram } from "../run-app-program.ts";

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

/** `nucleus doctor`: looks at the app with the settings that `nucleus start` would give it. Exit code 1: something failed. */
export const runDoctor: Command = async (args, io) => {
  const values = parseArguments(args, {
    "ask-model": { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  });
  const settings = await readAppSettings(io);
  const diagnosis = await runAppProgram<Diagnosis>("doctor", settings, [
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
