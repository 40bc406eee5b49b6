/** The arguments are wrong: one line, exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** It cannot be done, for a reason that the user can mend: one line, exit code 1. */
export class ExpectedFailure extends Error {
  override readonly name = "ExpectedFailure";
}
