import { NucleusError, type ErrorCode } from "../kernel/errors.ts";

/**
 * Why an outgoing call failed: its address is not allowed · the other side does not answer, or not in full · it took
 * too long or the caller gave up · the answer is larger than the caller takes.
 */
export type EgressFaultKind =
  "refused" | "unreachable" | "timeout" | "tooLarge";

/** What the caller's domain calls each of them. */
export type EgressCodes = Readonly<Record<EgressFaultKind, ErrorCode>>;

/** Internal to this folder: callers get a NucleusError with their own code. */
export class EgressFault extends Error {
  override readonly name = "EgressFault";
  readonly kind: EgressFaultKind;

  constructor(kind: EgressFaultKind) {
    super(kind);
    this.kind = kind;
  }
}

const timeoutCodes: ReadonlySet<unknown> = new Set([
  "ETIMEDOUT",
  "UND_ERR_BODY_TIMEOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
]);

/**
 * Turns whatever a call threw into the caller's error. Messages of undici, node and the resolver name hosts, so nothing
 * of the original goes on, not even as a cause.
 */
export function toEgressError(
  thrown: unknown,
  signal: AbortSignal,
  codes: EgressCodes,
): NucleusError {
  return new NucleusError(codes[faultKind(thrown, signal)]);
}

function faultKind(thrown: unknown, signal: AbortSignal): EgressFaultKind {
  if (thrown instanceof EgressFault) return thrown.kind;
  if (signal.aborted) return "timeout";
  const code =
    thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  return timeoutCodes.has(code) ? "timeout" : "unreachable";
}
