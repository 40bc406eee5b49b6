import type { TokenCredential } from "@azure/identity";
import { addAbortListener } from "node:events";
import { NucleusError } from "../../kernel/errors.ts";

/**
 * How Entra ID says that the tenant does not know the app: no such directory, or nobody there consented to it, or it was
 * switched off again. No later attempt changes that.
 */
const strangerCodes = /\bAADSTS(?:90002|700016|7000112|7000229)\b/;

/**
 * An access token for Graph. The credential caches it; the SDK has no way to give up waiting, so the signal ends the wait.
 *
 * @throws NucleusError artifact_forbidden when the app is a stranger to the tenant, identity_unavailable when there is no
 * token for another reason, artifact_timeout.
 */
export async function getGraphToken(
  credential: TokenCredential,
  scope: string,
  signal: AbortSignal,
): Promise<string> {
  if (signal.aborted) throw new NucleusError("artifact_timeout");
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const listener = addAbortListener(signal, () =>
    reject(new NucleusError("artifact_timeout")),
  );
  try {
    const asked = credential.getToken(scope, { abortSignal: signal });
    const token = await Promise.race([asked, aborted]);
    if (token === null) throw new NucleusError("identity_unavailable");
    return token.token;
  } catch (thrown) {
    if (signal.aborted) throw new NucleusError("artifact_timeout");
    throw toTokenFailure(thrown);
  } finally {
    listener[Symbol.dispose]();
  }
}

function toTokenFailure(thrown: unknown): NucleusError {
  const isStranger =
    thrown instanceof Error && strangerCodes.test(thrown.message);
  return new NucleusError(
    isStranger ? "artifact_forbidden" : "identity_unavailable",
  );
}
