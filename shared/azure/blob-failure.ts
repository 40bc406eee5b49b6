import { RestError } from "@azure/storage-blob";
import { NucleusError } from "../kernel/errors.ts";
import {
  type AzureFailureCodes,
  statusOf,
  toAzureFailure,
} from "./to-azure-failure.ts";

/** Blob Storage's own name for an error, such as `BlobNotFound`; undefined when the service did not answer. */
export function blobErrorOf(thrown: unknown): string | undefined {
  return thrown instanceof RestError && statusOf(thrown) !== undefined
    ? thrown.code
    : undefined;
}

/**
 * Whether a condition (If-Match, If-None-Match) did not hold: 412, but 409 where a blob exists that must not.
 */
export function isConditionFailure(thrown: unknown): boolean {
  return (
    statusOf(thrown) === 412 || blobErrorOf(thrown) === "BlobAlreadyExists"
  );
}

/**
 * `toAzureFailure` for Blob Storage: it says 503 ServerBusy where other services say 429, and a container that is not
 * there is a wrong setting, not a missing blob.
 */
export function toBlobFailure(
  thrown: unknown,
  codes: AzureFailureCodes,
): NucleusError {
  const error = blobErrorOf(thrown);
  if (error === "ContainerNotFound")
    return new NucleusError("configuration_invalid");
  if (error === "ServerBusy" && thrown instanceof RestError)
    return toAzureFailure(
      { statusCode: 429, response: thrown.response },
      codes,
    );
  return toAzureFailure(thrown, codes);
}
