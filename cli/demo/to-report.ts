import type { Leak } from "../../local/leaks/sinks.ts";
import type { JobResult } from "../../shared/results/result.ts";

/** What one run of the demo came to. */
export interface DemoOutcome {
  readonly jobId: string;
  readonly status: string;
  /** Why there is no result. */
  readonly errorCode: string | undefined;
  readonly result: JobResult | undefined;
  readonly fileNames: readonly string[];
  readonly webhook: { readonly id: string; readonly verified: boolean };
  readonly leaks: readonly Leak[];
}

/** Whether everything went as it must. */
export function isSuccess(outcome: DemoOutcome): boolean {
  return (
    outcome.status === "Completed" &&
    outcome.result !== undefined &&
    outcome.webhook.verified &&
    outcome.leaks.length === 0
  );
}

/** The report for programs (`--json`). */
export function toJsonReport(outcome: DemoOutcome): string {
  const { jobId, status, result, webhook, leaks } = outcome;
  const personas = result?.personas ?? [];
  return JSON.stringify({
    jobId,
    status,
    answer: personas.map(({ answer }) => answer).join("\n\n"),
    quotes: personas.flatMap(({ quotes }) =>
      quotes.map(({ artifactIndex, referenceId, page, text }) => ({
        artifactIndex,
        referenceId,
        ...(page === undefined ? {} : { page }),
        text,
      })),
    ),
    notFound: personas.every(({ notFound }) => notFound),
    webhook,
    leaks,
  });
}

/** The report for people. */
export function toTextReport(outcome: DemoOutcome): string {
  const { status, errorCode, result, webhook, leaks } = outcome;
  const ending = errorCode === undefined ? status : `${status}: ${errorCode}`;
  return [
    `\nThe job ended: ${ending}`,
    `Callback ${webhook.id}: ${webhook.verified ? "signature verified" : "SIGNATURE NOT VERIFIED"}`,
    ...(result?.personas ?? []).flatMap((persona) => [
      `\nAnswer of ${persona.personaId} (model ${persona.model})${persona.notFound ? ", not found in the documents" : ""}:`,
      persona.answer,
      ...(persona.quotes.length === 0 ? [] : ["\nQuotes:"]),
      ...persona.quotes.map(
        (quote) =>
          `  "${toOneLine(quote.text)}"\n      ${toPlace(outcome, quote)}`,
      ),
    ]),
    ...toUnreadLines(outcome),
    ...toLeakLines(leaks),
  ].join("\n");
}

type ResultQuote = JobResult["personas"][number]["quotes"][number];

function toPlace({ fileNames }: DemoOutcome, quote: ResultQuote): string {
  return [
    fileNames[quote.artifactIndex] ?? quote.referenceId,
    ...(quote.page === undefined ? [] : [`page ${quote.page}`]),
    ...(quote.heading === undefined ? [] : [`"${quote.heading}"`]),
  ].join(", ");
}

function toUnreadLines({ result, fileNames }: DemoOutcome): string[] {
  const unread = (result?.artifacts ?? []).filter(
    ({ outcome }) => outcome === "failed",
  );
  if (unread.length === 0) return [];
  return [
    "\nNot read:",
    ...unread.map(
      ({ index, referenceId, code }) =>
        `  ${fileNames[index] ?? referenceId}: ${code ?? "unknown"}`,
    ),
  ];
}

function toLeakLines(leaks: readonly Leak[]): string[] {
  if (leaks.length === 0)
    return [
      "\nLeak scan: nothing of the query, the documents, their names, the callback URL or the answer was left in any file, log line or message.",
    ];
  return [
    "\nLEAK SCAN: content was found.",
    ...leaks.map(
      ({ sink, marker, encoding, offset }) =>
        `  ${marker} in ${sink} (${encoding}, at byte ${offset})`,
    ),
  ];
}

function toOneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
