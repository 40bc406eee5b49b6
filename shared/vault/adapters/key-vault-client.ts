import type { TokenCredential } from "@azure/identity";
import {
  SecretClient,
  type SecretClientOptions,
} from "@azure/keyvault-secrets";
import { statusOf, toAzureFailure } from "../../azure/to-azure-failure.ts";
import { NucleusError } from "../../kernel/errors.ts";

type AdditionalPolicy = NonNullable<
  SecretClientOptions["additionalPolicies"]
>[number];

/** What a caller is kept waiting for at most when the vault asks to slow down; work that waits longer is retried later. */
const patienceSeconds = 2;

/**
 * The SDK's client with bounds: the SDK itself waits for an answer without end, and as long as a `Retry-After` says. That
 * the vault's challenge names the vault's own domain stays checked.
 *
 * @throws NucleusError configuration_invalid when `vaultUrl` is not an https URL
 */
export function createSecretClient(options: {
  readonly vaultUrl: string;
  readonly credential: TokenCredential;
  readonly answerWithinMs: number;
}): SecretClient {
  const { vaultUrl, credential, answerWithinMs } = options;
  if (URL.parse(vaultUrl)?.protocol !== "https:") {
    throw new NucleusError("configuration_invalid");
  }
  return new SecretClient(vaultUrl, credential, {
    retryOptions: { maxRetries: 3, retryDelayInMs: 200 },
    additionalPolicies: [
      { policy: createBounds(answerWithinMs), position: "perRetry" },
    ],
  });
}

function createBounds(answerWithinMs: number): AdditionalPolicy["policy"] {
  return {
    name: "bounds",
    async sendRequest(request, next) {
      // Put back, for the SDK asks for tokens with the request's timeout and would not share them then.
      const { timeout } = request;
      request.timeout = answerWithinMs;
      const response = await next(request).finally(() => {
        request.timeout = timeout;
      });
      const seconds = Number(response.headers.get("retry-after") ?? 0);
      if (response.status === 429 && !(seconds <= patienceSeconds)) {
        throw toSecretsFailure({ statusCode: 429, response });
      }
      return response;
    },
  };
}

/** Runs an operation on the vault and tames what it throws. */
export async function onVault<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw toSecretsFailure(error);
  }
}

/** @returns undefined when the vault answers 404 */
export async function unlessMissing<T>(
  operation: Promise<T>,
): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

/** Key Vault's own code within an error's body, such as `ObjectIsDeletedButRecoverable`. */
export function innerCodeOf(thrown: unknown): string | undefined {
  const error = thrown as
    { readonly details?: { readonly error?: VaultErrorBody } } | undefined;
  return error?.details?.error?.innerError?.code;
}

/** As the SDK reads it; the service writes `innererror`. */
interface VaultErrorBody {
  readonly innerError?: { readonly code?: string };
}

function toSecretsFailure(thrown: unknown): NucleusError {
  // Also a 403, but no role is missing: somebody disabled the version.
  if (innerCodeOf(thrown) === "SecretDisabled") {
    return new NucleusError("configuration_invalid");
  }
  // More than the 25 KB that a value may have.
  if (statusOf(thrown) === 400) return new NucleusError("document_invalid");
  return toAzureFailure(thrown, {
    service: "secrets",
    unavailable: "store_unavailable",
    throttled: "store_throttled",
  });
}
