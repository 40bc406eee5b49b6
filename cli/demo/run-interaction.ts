import { setTimeout as delay } from "node:timers/promises";
import { isTerminal } from "../../shared/jobs/job-status.ts";
import type { JobResult } from "../../shared/results/result.ts";
import { ExpectedFailure } from "../failures.ts";
import type { AdapterClient, Status } from "./adapter-client.ts";
import type { CallbackReceiver } from "./callback-receiver.ts";
import { verifyCallback, type VerifiedCallback } from "./verify-callback.ts";

export interface InteractionOptions {
  readonly client: AdapterClient;
  readonly receiver: CallbackReceiver;
  readonly query: string;
  readonly fileNames: readonly string[];
  readonly onStatus: (status: Status) => void;
}

export interface InteractionOutcome {
  readonly jobId: string;
  readonly status: Status;
  readonly callback: VerifiedCallback;
  readonly result: JobResult | undefined;
}

const pollIntervalMs = 100;
const callbackTimeoutMs = 30_000;

/** Plays the adapter: posts, watches, is called back, verifies, redeems the result. */
export async function runInteraction(
  options: InteractionOptions,
): Promise<InteractionOutcome> {
  const { client, receiver } = options;
  const secret = await client.createSecret();
  const accepted = await client.postInteraction({
    platformType: "Local",
    conversationId: "demo",
    userId: "demo",
    queryText: options.query,
    artifactReferences: options.fileNames.map((fileName, index) => ({
      referenceId: `document-${index + 1}`,
      referenceType: "file",
      sourceUri: fileName,
      fileName,
    })),
    callbackUrl: receiver.url,
  });
  const status = await waitForEnd(options, accepted.statusUrl);
  const callback = verifyCallback(await waitForCallback(receiver), secret);
  const result =
    status.status === "Completed" && callback.verified && callback.ticket
      ? await client.redeemResult(accepted.resultUrl, callback.ticket)
      : undefined;
  return { jobId: accepted.jobId, status, callback, result };
}

async function waitForEnd(
  { client, onStatus }: InteractionOptions,
  statusUrl: string,
): Promise<Status> {
  for (;;) {
    const status = await client.readStatus(statusUrl);
    onStatus(status);
    if (isTerminal(status.status)) return status;
    await delay(pollIntervalMs);
  }
}

async function waitForCallback(receiver: CallbackReceiver) {
  const timeout = new AbortController();
  const late = delay(callbackTimeoutMs, undefined, { signal: timeout.signal });
  try {
    const callback = await Promise.race([receiver.first, late]);
    if (callback !== undefined) return callback;
    throw new ExpectedFailure(
      `no callback arrived within ${callbackTimeoutMs / 1000} s of the job's end`,
    );
  } finally {
    timeout.abort();
    late.catch(() => undefined);
  }
}
