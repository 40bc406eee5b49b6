import type { JobFailure } from "../shared/jobs/documents.ts";
import { type ErrorCode, errorCatalogue } from "../shared/kernel/errors.ts";

/** The job's record of a failed step. */
export function toFailure(
  step: JobFailure["step"],
  code: ErrorCode,
): JobFailure {
  return { step, code, retryable: errorCatalogue[code].retryable };
}
