import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { Now } from "../kernel/clock.ts";
import { NucleusError } from "../kernel/errors.ts";
import type { Tag } from "../kernel/metadata.ts";
import type { WrappedKey } from "./key-store.ts";
import { Secret, type Secrets } from "./secrets.ts";
import type { VaultOwner } from "./vault-object.ts";

/**
 * Wraps owners' keys under the key-encryption key, the secret `kek`: AES-256-GCM with a random nonce, bound to owner,
 * purpose and the key-encryption key's version. (At 2³² wraps per version the nonces' collision bound is reached: rotate
 * before.) The newest version wraps; earlier ones unwrap for as long as they can be read.
 */
export interface KeyWrap {
  wrap(owner: VaultOwner, key: Uint8Array): Promise<WrappedKey>;
  /**
   * @throws NucleusError content_tampered when it is not this owner's key; configuration_invalid when the
   *   key-encryption key's version is gone or malformed
   */
  unwrap(owner: VaultOwner, wrapped: WrappedKey): Promise<Uint8Array>;
  /** The version that wraps now. @throws NucleusError configuration_invalid when it is not 32 bytes */
  currentVersion(): Promise<Tag>;
}

/** The secret whose versions are the key-encryption key's. */
export const kekName = "kek";
export const kekBytes = 32;
const algorithm = "aes-256-gcm";
const nonceBytes = 12;
const tagBytes = 16;
/** How long a rotated key-encryption key goes unnoticed by a process; `KeyRotation` tells operators to wait for longer. */
const currentForMs = 60_000;

export function createKeyWrap(secrets: Secrets, now: Now): KeyWrap {
  const keks = createKekReader(secrets, now);

  return {
    currentVersion: () => keks.currentVersion(),

    async wrap(owner, key) {
      const kekVersion = await keks.currentVersion();
      const kek = await keks.read(kekVersion);
      const wrapped = encrypt(kek, bindingOf(owner, kekVersion), key);
      return { wrapped, kekVersion };
    },

    async unwrap(owner, { wrapped, kekVersion }) {
      const kek = await keks.read(kekVersion);
      return decrypt(kek, bindingOf(owner, kekVersion), wrapped);
    },
  };
}

/** Versions never change, so each is read once; which one is current is asked again after a while. */
function createKekReader(secrets: Secrets, now: Now) {
  const versions = new Map<string, Uint8Array>();
  let current: { readonly version: Tag; readonly until: number } | undefined;

  const remember = (version: string, value: Secret): Uint8Array => {
    if (value.sizeBytes !== kekBytes) {
      throw new NucleusError("configuration_invalid");
    }
    const kek = value.revealBytes();
    versions.set(version, kek);
    return kek;
  };

  return {
    async currentVersion(): Promise<Tag> {
      const askedAt = now();
      if (current && askedAt < current.until) return current.version;
      const { version, value } = await secrets.getOrCreate(kekName, () =>
        Secret.fromBytes(randomBytes(kekBytes)),
      );
      remember(version, value);
      current = { version, until: askedAt + currentForMs };
      return version;
    },

    async read(version: string): Promise<Uint8Array> {
      const known = versions.get(version);
      if (known) return known;
      const value = await secrets.getVersion(kekName, version);
      if (!value) throw new NucleusError("configuration_invalid");
      return remember(version, value);
    },
  };
}

function encrypt(
  kek: Uint8Array,
  binding: Uint8Array,
  key: Uint8Array,
): Uint8Array {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, kek, nonce);
  cipher.setAAD(binding);
  const sealed = [cipher.update(key), cipher.final(), cipher.getAuthTag()];
  return Buffer.concat([nonce, ...sealed]);
}

function decrypt(
  kek: Uint8Array,
  binding: Uint8Array,
  wrapped: Uint8Array,
): Uint8Array {
  const cut = wrapped.byteLength - tagBytes;
  if (cut <= nonceBytes) throw new NucleusError("content_tampered");
  const nonce = wrapped.subarray(0, nonceBytes);
  const decipher = createDecipheriv(algorithm, kek, nonce, {
    authTagLength: tagBytes,
  });
  decipher.setAAD(binding);
  decipher.setAuthTag(wrapped.subarray(cut));
  const key = decipher.update(wrapped.subarray(nonceBytes, cut));
  try {
    decipher.final();
  } catch {
    throw new NucleusError("content_tampered");
  }
  return key;
}

function bindingOf(owner: VaultOwner, kekVersion: string): Uint8Array {
  return Buffer.from(
    ["nucleus key v1", owner.owner, owner.purpose, kekVersion].join("\0"),
    "utf8",
  );
}
