import { randomBytes } from "node:crypto";
import { systemNow, type Now } from "../kernel/clock.ts";
import { NucleusError, type ErrorCode } from "../kernel/errors.ts";
import type { Tag } from "../kernel/metadata.ts";
import type { KeyStore, WrappedKey } from "./key-store.ts";
import { createKeyWrap, kekBytes, kekName, type KeyWrap } from "./key-wrap.ts";
import { Secret, type Secrets } from "./secrets.ts";
import type { VaultOwner } from "./vault-object.ts";

/**
 * Rotation of the key-encryption key: a new version of its secret, by `rotate` or by an operator, wraps what is made
 * from then on; `rewrapAll` brings the keys that live under earlier versions along. Content is not touched.
 *
 * Both may run beside jobs and beside each other, be cut off anywhere and be repeated: a key is replaced only where it
 * still is the one that was read, and one that is shredded meanwhile stays shredded.
 *
 * An earlier version may be disabled when a `rewrapAll` that began at least two minutes after the new version was set
 * answers `failed: 0`: until then another process may not have noticed the new version and wrap under the earlier one.
 */
export interface KeyRotation {
  /** Sets a fresh key-encryption key and brings all keys along. @throws as `rewrapAll` */
  rotate(): Promise<Rotated>;
  /**
   * Wraps every live key that is under another version than the newest one anew.
   *
   * @throws NucleusError what the key store or the secrets fail with; what was rewrapped stays so, and the next run does
   *   the rest
   */
  rewrapAll(): Promise<Rotated>;
}

export interface Rotated {
  /** The version that wraps now. */
  readonly kekVersion: Tag;
  readonly rewrapped: number;
  /** Keys that do not open, because they were tampered with or their version is gone or disabled: they stay as they are. */
  readonly failed: number;
}

export interface KeyRotationOptions {
  readonly keys: Pick<KeyStore, "read" | "rewrap" | "underOtherVersions">;
  readonly secrets: Secrets;
  readonly now?: Now;
}

/** How many keys are under way at a time: a rewrap is two short requests to the key store. */
const atOnce = 8;
const ofOneKey: ReadonlySet<ErrorCode> = new Set([
  "content_tampered",
  "configuration_invalid",
]);

export function createKeyRotation(options: KeyRotationOptions): KeyRotation {
  const { keys, secrets, now = systemNow } = options;

  const rewrapAll = async (): Promise<Rotated> => {
    // Made anew for each run, so that it knows the newest version and not the one that was current a minute ago.
    const keyWrap = createKeyWrap(secrets, now);
    const kekVersion = await keyWrap.currentVersion();
    const counts = { rewrapped: 0, unchanged: 0, failed: 0 };
    await forEach(keys.underOtherVersions(kekVersion), async (owner) => {
      counts[await rewrap(keys, keyWrap, owner)] += 1;
    });
    const { rewrapped, failed } = counts;
    return { kekVersion, rewrapped, failed };
  };

  return {
    rewrapAll,
    async rotate() {
      await secrets.set(kekName, Secret.fromBytes(randomBytes(kekBytes)));
      return rewrapAll();
    },
  };
}

async function rewrap(
  keys: KeyRotationOptions["keys"],
  keyWrap: KeyWrap,
  owner: VaultOwner,
): Promise<"rewrapped" | "unchanged" | "failed"> {
  const state = await keys.read(owner);
  if (state?.state !== "live") return "unchanged";
  const key = await unwrapUnlessBroken(keyWrap, owner, state);
  if (!key) return "failed";
  return keys.rewrap(owner, state.kekVersion, await keyWrap.wrap(owner, key));
}

/** @returns undefined when something is wrong with this key, and not with a store */
async function unwrapUnlessBroken(
  keyWrap: KeyWrap,
  owner: VaultOwner,
  wrapped: WrappedKey,
): Promise<Uint8Array | undefined> {
  try {
    return await keyWrap.unwrap(owner, wrapped);
  } catch (error) {
    const isBroken = error instanceof NucleusError && ofOneKey.has(error.code);
    if (isBroken) return undefined;
    throw error;
  }
}

/** Runs `work` on each item, some at a time; after a failure nothing is begun, and it is thrown when all have ended. */
async function forEach<T>(
  items: AsyncIterable<T>,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.asyncIterator]();
  const worker = async (): Promise<void> => {
    try {
      for (;;) {
        const next = await iterator.next();
        if (next.done) return;
        await work(next.value);
      }
    } finally {
      await iterator.return?.();
    }
  };
  const ended = await Promise.allSettled(
    Array.from({ length: atOnce }, worker),
  );
  const failure = ended.find((each) => each.status === "rejected");
  if (failure) throw failure.reason;
}
