import type { VaultOwner } from "./vault-object.ts";

/**
 * Where wrapped keys lie: one per owner and purpose, kept apart from everything else. Deleting one shreds whatever was
 * sealed under it, in every copy and backup of the vault.
 *
 * K1. `shred` resolves only when no byte of the wrapped key is left in the store; until then it may be repeated.
 * K2. A shredded owner keeps a tombstone, so that late work cannot make a new key; it fades after the store's
 *     `tombstoneTtlMs`, which must outlive anything that still knows the owner.
 */
export interface KeyStore {
  /** Never replaces a key: `exists` and `shredded` change nothing. */
  create(
    owner: VaultOwner,
    key: WrappedKey,
  ): Promise<"created" | "exists" | "shredded">;
  read(owner: VaultOwner): Promise<KeyState | undefined>;
  /** Puts the same key, wrapped anew, in place of the one wrapped under `from`; nothing happens when that is not there. */
  rewrap(
    owner: VaultOwner,
    from: string,
    key: WrappedKey,
  ): Promise<"rewrapped" | "unchanged">;
  /** Idempotent; an owner without a key gets its tombstone too. */
  shred(owner: VaultOwner): Promise<void>;
  /**
   * Every owner whose live key is wrapped under another version of the key-encryption key than this one, in no order:
   * what a rotation has still to rewrap. Of keys that come or change while it is read, it may have some and miss some.
   */
  underOtherVersions(kekVersion: string): AsyncIterable<VaultOwner>;
  /**
   * Names what of the place keeps copies of what is overwritten or deleted, so that nothing in it is ever shredded
   * (K1); none is as it must be.
   */
  check(): Promise<readonly CopyKeeper[]>;
  close(): Promise<void>;
}

/** A setting of a storage account. */
export type CopyKeeper = "versioning" | "soft-delete";

export interface WrappedKey {
  /** The key, encrypted under the key-encryption key: at most `maxWrappedBytes`. */
  readonly wrapped: Uint8Array;
  /** Which version of the key-encryption key opens it. */
  readonly kekVersion: string;
}

export type KeyState =
  ({ readonly state: "live" } & WrappedKey) | { readonly state: "shredded" };

export const maxWrappedBytes = 94;
