import { setTimeout as sleep } from "node:timers/promises";
import type { ApiClient, Caller } from "./api-client.ts";

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
  app: ApiClient,
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
  readonly createdAt: string;
  readonly startedAt?: string;
  readonly updatedAt: string;
  readonly completedAt?: string;
  readonly error?: {
    readonly code: string;
    readonly step: string;
    readonly retryable: boolean;
    readonly message: string;
  };
}

/** Polls, as an adapter does, until the job has ended; `watch` sees each answer. */
export async function untilEnded(
  app: ApiClient,
  jobId: string,
  options: {
    readonly caller?: Caller;
    readonly watch?: (status: JobStatus) => void;
  } = {},
): Promise<JobStatus> {
  return untilStatus(
    app,
    jobId,
    ({ status }) => terminal.includes(status),
    options,
  );
}

/** Polls until `isReached`. */
export async function untilStatus(
  app: ApiClient,
  jobId: string,
  isReached: (status: JobStatus) => boolean,
  {
    caller = {},
    watch,
  }: {
    readonly caller?: Caller;
    readonly watch?: (status: JobStatus) => void;
  } = {},
): Promise<JobStatus> {
  for (;;) {
    const answer = await app.call("GET", `/api/v1/jobs/${jobId}/status`, {
      caller,
    });
    if (answer.status !== 200)
      throw new Error(`no status: ${JSON.stringify(answer.body)}`);
    const status = answer.body as JobStatus;
    watch?.(status);
    if (isReached(status)) return status;
    await sleep(20);
  }
}

/** The result as an adapter reads it. */
export interface Result {
  readonly jobId: string;
  readonly status: string;
  readonly personas: readonly {
    readonly personaId: string;
    readonly model: string;
    readonly answer: string;
    readonly keyPoints: readonly string[];
    readonly quotes: readonly {
      readonly artifactIndex: number;
      readonly referenceId: string;
      readonly page?: number;
      readonly heading?: string;
      readonly text: string;
    }[];
    readonly notFound: boolean;
    readonly coverage?: { readonly partsRead: number; readonly parts: number };
  }[];
  readonly artifacts: readonly {
    readonly index: number;
    readonly referenceId: string;
    readonly mediaType?: string;
    readonly sizeBytes?: number;
    readonly pages?: number;
    readonly words?: number;
    readonly outcome: string;
    readonly code?: string;
  }[];
}

/** The result of a job that has one. */
export async function readResult(
  app: ApiClient,
  jobId: string,
  caller: Caller = {},
): Promise<Result> {
  const answer = await app.call("GET", `/api/v1/jobs/${jobId}/result`, {
    caller,
  });
  if (answer.status !== 200)
    throw new Error(
      `no result: ${answer.status} ${JSON.stringify(answer.body)}`,
    );
  return answer.body as Result;
}

/** Posts an interaction, waits for its end and answers how it ended. */
export async function runInteraction(
  app: ApiClient,
  body: Readonly<Record<string, unknown>>,
): Promise<JobStatus> {
  const { jobId } = await postInteraction(app, body);
  return untilEnded(app, jobId);
}
