import { randomBytes } from "node:crypto";
import type { Now } from "../kernel/clock.ts";
import { NucleusError } from "../kernel/errors.ts";
import type { KeyStore } from "./key-store.ts";
import { createKeyWrap } from "./key-wrap.ts";
import type { Secrets } from "./secrets.ts";
import type { VaultOwner } from "./vault-object.ts";

/**
 * Owners' keys in the clear, for the moment of their use: key store, key wrap and a small cache.
 *
 * R1. A key is made by `create` only. Everything else meets a live key, a tombstone, or nothing.
 * R2. A shred drops the key from this process's cache at once, also when a load of it is under way; another process may
 *     hold it for `cacheForMs` more.
 * R3. A key that opens is handed out, whether or not it can follow a rotation: an outage of the secrets, or a broken new
 *     version of the key-encryption key, stops the making of keys and not their use.
 */
export interface KeyRing {
  /** Makes the owner's key unless it has one. @throws NucleusError content_shredded */
  create(owner: VaultOwner): Promise<void>;
  /** @throws NucleusError content_shredded, or content_missing when there never was a key */
  load(owner: VaultOwner): Promise<Uint8Array>;
  /** Asks the store, not the cache. @throws as `load` */
  assertLive(owner: VaultOwner): Promise<void>;
  isShredded(owner: VaultOwner): Promise<boolean>;
  shred(owner: VaultOwner): Promise<void>;
}

const keyBytes = 32;
const cacheForMs = 10_000;
const cacheAtMost = 1000;

export interface KeyRingOptions {
  readonly keys: KeyStore;
  readonly secrets: Secrets;
  readonly now: Now;
}

export function createKeyRing({ keys, secrets, now }: KeyRingOptions): KeyRing {
  const keyWrap = createKeyWrap(secrets, now);
  const cache = createKeyCache(now);

  const readLive = async (owner: VaultOwner) => {
    const state = await keys.read(owner);
    if (!state) throw new NucleusError("content_missing");
    if (state.state === "shredded") throw new NucleusError("content_shredded");
    return state;
  };

  /** Keys follow the key-encryption key's rotation as they are used (R3). */
  const followRotation = async (
    owner: VaultOwner,
    from: string,
    key: Uint8Array,
  ): Promise<void> => {
    try {
      if (from === (await keyWrap.currentVersion())) return;
      await keys.rewrap(owner, from, await keyWrap.wrap(owner, key));
    } catch {
      // The next use does it, or the rotation itself.
    }
  };

  return {
    async create(owner) {
      const wrapped = await keyWrap.wrap(owner, randomBytes(keyBytes));
      const outcome = await keys.create(owner, wrapped);
      if (outcome === "shredded") throw new NucleusError("content_shredded");
    },

    async load(owner) {
      const cached = cache.get(owner);
      if (cached) return cached;
      const keep = cache.startLoad();
      const state = await readLive(owner);
      const key = await keyWrap.unwrap(owner, state);
      await followRotation(owner, state.kekVersion, key);
      keep(owner, key);
      return key;
    },

    async assertLive(owner) {
      await readLive(owner);
    },

    async isShredded(owner) {
      return (await keys.read(owner))?.state === "shredded";
    },

    async shred(owner) {
      cache.drop(owner);
      await keys.shred(owner);
      cache.drop(owner);
    },
  };
}

interface Cached {
  readonly key: Uint8Array;
  readonly until: number;
}

/** Least recently made first; a load that began before a drop is not kept (R2). */
function createKeyCache(now: Now) {
  const entries = new Map<string, Cached>();
  let drops = 0;
  const nameOf = (owner: VaultOwner) => `${owner.owner}:${owner.purpose}`;

  return {
    get(owner: VaultOwner): Uint8Array | undefined {
      const entry = entries.get(nameOf(owner));
      return entry && now() < entry.until ? entry.key : undefined;
    },
    startLoad() {
      const dropsBefore = drops;
      return (owner: VaultOwner, key: Uint8Array): void => {
        if (drops !== dropsBefore) return;
        entries.delete(nameOf(owner));
        entries.set(nameOf(owner), { key, until: now() + cacheForMs });
        const oldest = entries.keys().next();
        if (entries.size > cacheAtMost && !oldest.done) {
          entries.delete(oldest.value);
        }
      };
    },
    drop(owner: VaultOwner): void {
      drops += 1;
      entries.delete(nameOf(owner));
    },
  };
}
