import type { TokenCredential } from "@azure/identity";
import { ContainerClient } from "@azure/storage-blob";

/** A container of Blob Storage and who works in it. */
export interface BlobContainerOptions {
  /** The account's blob endpoint, such as `https://account.blob.core.windows.net`. */
  readonly serviceUrl: string;
  readonly container: string;
  readonly credential: TokenCredential;
  /** How often one request is sent at most; 4 by default. */
  readonly tries?: number;
  /** The pause before a third try, which doubles for each further one; the second comes at once. 500 by default. */
  readonly retryDelayMs?: number;
}

const maxRetryDelayInMs = 8_000;
/** Longest time for one operation on one blob or one page of a listing, its retries included. */
const operationTimeoutMs = 90_000;

/**
 * A client for one container, which must exist: infrastructure makes it, and the app's role on it may not.
 *
 * @throws RangeError when the service's URL is not https, as tokens are sent to it
 */
export function createContainerClient(
  options: BlobContainerOptions,
): ContainerClient {
  const { serviceUrl, container, credential } = options;
  const { tries = 4, retryDelayMs = 500 } = options;
  if (!URL.canParse(serviceUrl) || new URL(serviceUrl).protocol !== "https:")
    throw new RangeError("The URL of a storage account is https.");
  return new ContainerClient(
    `${serviceUrl.replace(/\/+$/, "")}/${container}`,
    credential,
    {
      retryOptions: {
        maxTries: tries,
        retryDelayInMs: retryDelayMs,
        maxRetryDelayInMs,
      },
    },
  );
}

/** Ends an operation that does not come to its end: the SDK itself waits for as long as the connection stands. */
export function operationLimit(): { readonly abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(operationTimeoutMs) };
}
