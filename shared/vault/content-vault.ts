import type { VaultObject, VaultOwner } from "./vault-object.ts";

/**
 * Where sealed content lies: objects by owner, purpose and name. It holds ciphertext only; sealing happens before it.
 *
 * V1. A write is atomic: a reader finds the whole earlier object or the whole new one, also after a crash.
 * V2. Deleting an owner's objects needs no record: what a crash leaves is found again through `owners()`.
 */
export interface ContentVault {
  /** Stores the object once `sealed` has ended, over an earlier one. Errors of `sealed` pass through and leave no trace. */
  write(object: VaultObject, sealed: AsyncIterable<Uint8Array>): Promise<void>;
  /** @throws NucleusError content_missing when there is no such object */
  read(object: VaultObject): AsyncIterable<Uint8Array>;
  /** Deletes all objects of an owner's purpose; none is fine. */
  deleteOwner(owner: VaultOwner): Promise<void>;
  /** Every owner and purpose that has objects, in no order: for sweeping. */
  owners(): AsyncIterable<VaultOwner>;
}
