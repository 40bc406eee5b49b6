import {
  AzureCliCredential,
  AzureDeveloperCliCredential,
  ChainedTokenCredential,
  DefaultAzureCredential,
  ManagedIdentityCredential,
  type TokenCredential,
  WorkloadIdentityCredential,
} from "@azure/identity";
import { NucleusError } from "../kernel/errors.ts";

/** How the app signs in to Azure; `default` finds out by its environment. */
export const identityKinds = [
  "default",
  "managed-identity",
  "workload-identity",
  "developer",
] as const;
export type IdentityKind = (typeof identityKinds)[number];

export interface CredentialOptions {
  readonly kind: IdentityKind;
  /** A user-assigned managed identity, or a workload identity's application; absent: what the environment says. */
  readonly clientId: string | undefined;
  /** How long a sign-in may take, in milliseconds; 20 s. */
  readonly withinMs?: number;
}

/** Enough for the SDK's own retries at an identity endpoint that fails, and less than callers wait for. */
const defaultWithinMs = 20_000;
/** How long a developer's command-line tool may take: there are several, one after the other. */
const processTimeoutInMs = 10_000;

/**
 * The app's identity for every service of Azure. The SDK keeps tokens and asks for new ones before they expire.
 *
 * C1. Whatever keeps the identity from getting a token, also that nothing is set up for it, is `identity_unavailable`
 *     when a token is asked for, and the app starts without.
 * C2. That is known after `withinMs`: the SDK itself waits without end for a metadata address that nobody answers.
 */
export function createCredential(options: CredentialOptions): TokenCredential {
  const { withinMs = defaultWithinMs } = options;
  let credential: TokenCredential | undefined;

  return {
    async getToken(scopes, tokenOptions) {
      try {
        credential ??= createSdkCredential(options);
        return await within(
          withinMs,
          credential.getToken(scopes, tokenOptions),
        );
      } catch (error) {
        if (tokenOptions?.abortSignal?.aborted) throw error;
        throw new NucleusError("identity_unavailable");
      }
    },
  };
}

function createSdkCredential({
  kind,
  clientId,
}: CredentialOptions): TokenCredential {
  const client = clientId === undefined ? {} : { clientId };
  switch (kind) {
    case "managed-identity":
      return new ManagedIdentityCredential(client);
    case "workload-identity":
      return new WorkloadIdentityCredential(client);
    case "developer":
      return new ChainedTokenCredential(
        new AzureCliCredential({ processTimeoutInMs }),
        new AzureDeveloperCliCredential({ processTimeoutInMs }),
      );
    case "default":
      return new DefaultAzureCredential({
        processTimeoutInMs,
        ...(clientId !== undefined && {
          managedIdentityClientId: clientId,
          workloadIdentityClientId: clientId,
        }),
      });
    default:
      return kind satisfies never;
  }
}

/** The SDK hands no signal on to a metadata service, so what comes too late is left to itself. */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new NucleusError("identity_unavailable"));
  }, ms);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
