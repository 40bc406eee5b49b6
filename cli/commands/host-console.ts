import type { FunctionSummary } from "../../local/host/function-catalogue.ts";
import type { HostLogLine } from "../../local/host/host-log.ts";

/** The list of functions as Azure Functions Core Tools prints it. */
export function toFunctionsTable(
  functions: readonly FunctionSummary[],
  httpUrl: string,
): string {
  const sorted = functions.toSorted((a, b) =>
    a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1,
  );
  const enabled = sorted.filter(({ isDisabled }) => !isDisabled);
  const isHttp = ({ route }: FunctionSummary): boolean => route !== undefined;
  const lines = [
    ...enabled.filter(isHttp).map((each) => toHttpLine(each, httpUrl)),
    ...enabled
      .filter((each) => !isHttp(each))
      .map(({ name, triggerType }) => `\t${name}: ${triggerType}\n`),
    ...sorted
      .filter(({ isDisabled }) => isDisabled)
      .map(({ name }) => `Function ${name} is disabled.`),
  ];
  return `\nFunctions:\n\n${lines.join("\n")}`;
}

function toHttpLine(
  { name, methods = [], route = "" }: FunctionSummary,
  httpUrl: string,
): string {
  const verbs = methods.length === 0 ? "" : `[${methods.join(",")}] `;
  return `\t${name}: ${verbs}${httpUrl}${route}\n`;
}

/** What a log line says on the console of Core Tools; undefined for one that only `--verbose` shows. */
export function toConsoleText(
  line: HostLogLine,
  isVerbose: boolean,
): string | undefined {
  const text = toText(line) ?? (isVerbose ? toRawText(line) : undefined);
  return text === undefined ? undefined : `[${line.time}] ${text}`;
}

function toText(line: HostLogLine): string | undefined {
  switch (line.event) {
    case "app-log":
    case "app-output":
      return line.level === "debug" || line.level === "trace"
        ? undefined
        : (line.message ?? "");
    case "worker-started":
      return "Worker process started and initialized.";
    case "function-executed":
      return line.level === "debug" ? undefined : toExecutedText(line);
    default:
      return isGrave(line) ? toRawText(line) : undefined;
  }
}

function toExecutedText(line: HostLogLine): string {
  const { functionName, invocationId, durationMs, outcome } = line;
  const result = outcome === "completed" ? "Succeeded" : "Failed";
  const why =
    outcome === "failed" ? [line.errorName, line.errorCode] : [outcome];
  const reason = outcome === "completed" ? [] : why;
  return [
    `Executed 'Functions.${functionName ?? ""}' (${result}, Id=${invocationId ?? ""}, Duration=${Math.round(durationMs ?? 0)}ms)`,
    ...reason.filter((part) => part !== undefined),
  ].join(" ");
}

function isGrave({ level }: HostLogLine): boolean {
  return level === "warning" || level === "error" || level === "critical";
}

function toRawText(line: HostLogLine): string {
  const fields = Object.entries(line)
    .filter(([name]) => !["time", "level", "event"].includes(name))
    .map(([name, value]) => `${name}=${String(value)}`);
  return [`${line.level}: ${line.event}`, ...fields].join(" ");
}
