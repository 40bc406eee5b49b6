import type { HostLogLine } from "../../local/host/host-log.ts";
import {
  createLeakScanner,
  isSearchable,
  type LeakScanner,
} from "../../local/leaks/scanner.ts";
import {
  createSinks,
  scanSinks,
  type Leak,
  type ReceivedRequest,
} from "../../local/leaks/sinks.ts";
import type { SourceText } from "../../local/leaks/word-runs.ts";
import type { JobResult } from "../../shared/results/result.ts";
import { ExpectedFailure } from "../failures.ts";

/** What the demo's run knows that nobody else may keep. */
export interface RunSecrets {
  readonly query: string;
  readonly folder: string;
  readonly fileNames: readonly string[];
  readonly callbackPath: string;
  readonly documents: readonly SourceText[];
  readonly result: JobResult | undefined;
}

/**
 * Creates the scanner of a run, and proves that it sees: it must find the answer in the result that the entitled caller
 * read.
 *
 * @throws ExpectedFailure when it does not.
 */
export async function createRunScanner(
  secrets: RunSecrets,
): Promise<LeakScanner> {
  const answers = (secrets.result?.personas ?? []).map(
    ({ personaId, answer }) => ({
      name: `answer of ${personaId}`,
      text: answer,
    }),
  );
  const markers = [
    { name: "query", text: secrets.query },
    { name: "folder", text: secrets.folder },
    { name: "callback path", text: secrets.callbackPath },
    ...secrets.fileNames.map((text, index) => ({
      name: `name of document ${index + 1}`,
      text,
    })),
    ...answers,
  ].filter(({ text }) => isSearchable(text));
  const scanner = createLeakScanner({
    markers,
    sources: [
      { name: "query", text: secrets.query },
      ...secrets.documents,
      ...answers,
    ],
  });
  const result = Buffer.from(JSON.stringify(secrets.result ?? {}));
  if (answers.some(({ text }) => isSearchable(text))) {
    const seen = await scanner.scan(result);
    if (!seen.some(({ marker }) => marker.startsWith("answer of")))
      throw new ExpectedFailure(
        "the leak scanner does not find the answer in the result: its findings prove nothing",
      );
  }
  return scanner;
}

export interface RunTraces {
  readonly home: string;
  readonly temporaryFolder: string;
  readonly lines: readonly HostLogLine[];
  readonly received: readonly ReceivedRequest[];
}

/** Searches everything that the run wrote and sent. The queues' messages lie in the home's database. */
export async function findLeaks(
  scanner: LeakScanner,
  traces: RunTraces,
): Promise<readonly Leak[]> {
  const output = traces.lines.filter(({ event }) => event === "app-output");
  const sinks = await createSinks({
    home: traces.home,
    temporary: { folder: traces.temporaryFolder, before: new Set() },
    logLines: traces.lines.map((line) => JSON.stringify(line)),
    processOutput: output.map(({ message }) => Buffer.from(message ?? "")),
    webhooks: traces.received,
    messages: [],
    telemetry: [],
  });
  return await scanSinks(sinks, scanner);
}
