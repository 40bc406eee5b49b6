import { toNucleusError } from "../kernel/errors.ts";

/** Runs a store's operation; what the store itself fails with (disk full, locked, closed) is an outage to the caller. */
export async function available<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw toNucleusError(error, "store_unavailable");
  }
}
