import { setTimeout as sleep } from "node:timers/promises";
import type { Caller, RunningApp } from "./running-app.ts";

const terminal = ["Completed", "Failed", "Cancelled", "TimedOut"];

/** The body of an interaction that asks about nothing in particular. */
export function interactionBody(
  overrides: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    platformType: "Test",
    conversationId: "conversation-1",
    userId: "user-1",
    queryText: "How long is the notice period of the lease?",
    ...overrides,
  };
}

/** References to files below ARTIFACT_ROOT, in order. */
export function fileReferences(...files: readonly string[]) {
  return files.map((file, index) => ({
    referenceId: `document-${index}`,
    referenceType: "file",
    sourceUri: file,
    fileName: file,
  }));
}

interface AcceptedJob {
  readonly jobId: string;
  readonly statusUrl: string;
  readonly resultUrl: string;
}

/** Posts an interaction that must be accepted. */
export async function postInteraction(
  app: RunningApp,
  body: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
  caller: Caller = {},
): Promise<AcceptedJob> {
  const answer = await app.call("POST", "/api/v1/interactions", {
    body,
    headers,
    caller,
  });
  if (answer.status !== 202)
    throw new Error(
      `not accepted: ${answer.status} ${JSON.stringify(answer.body)}`,
    );
  return answer.body as AcceptedJob;
}

export interface JobStatus {
  readonly jobId: string;
  readonly status: string;
  readonly progress: {
    readonly completedSteps: number;
    readonly totalSteps: number;
    readonly percentage: number;
    readonly currentStep: string | null;
  };
  readonly error?: {
    readonly code: string;
    readonly step: string;
    readonly retryable: boolean;
    readonly message: string;
  };
}

/** Polls, as an adapter does, until the job has ended. */
export async function untilEnded(
  app: RunningApp,
  jobId: string,
  caller: Caller = {},
): Promise<JobStatus> {
  for (;;) {
    const answer = await app.call("GET", `/api/v1/jobs/${jobId}/status`, {
      caller,
    });
    const status = answer.body as JobStatus;
    if (terminal.includes(status.status)) return status;
    await sleep(20);
  }
}
