import { NucleusError } from "../kernel/errors.ts";

/** The caller of a model gave up: what it says counts, if it is ours. */
export function toAbortError(reason: unknown): NucleusError {
  if (reason instanceof NucleusError) return reason;
  const isTimeout =
    reason instanceof DOMException && reason.name === "TimeoutError";
  return new NucleusError(isTimeout ? "model_timeout" : "job_cancelled");
}
