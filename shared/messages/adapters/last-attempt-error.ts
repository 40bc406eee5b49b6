/** What the last attempt threw: a Service Bus client that has tried several times throws all of it at once. */
export function lastAttemptError(thrown: unknown): unknown {
  return thrown instanceof AggregateError && thrown.errors.length > 0
    ? lastAttemptError(thrown.errors.at(-1))
    : thrown;
}
