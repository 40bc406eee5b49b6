import { systemNow, type Now } from "../kernel/clock.ts";
import { Content } from "../kernel/content.ts";
import { NucleusError } from "../kernel/errors.ts";
import type { ContentRef, Tag } from "../kernel/metadata.ts";
import type { ContentVault } from "./content-vault.ts";
import { createKeyRing, type KeyRing } from "./key-ring.ts";
import type { KeyStore } from "./key-store.ts";
import { openStream, sealStream } from "./sealing.ts";
import type { Secrets } from "./secrets.ts";
import {
  fromContentRef,
  toContentRef,
  type Purpose,
  type VaultOwner,
} from "./vault-object.ts";

/**
 * What the app keeps content in: it seals, opens and shreds, and hands out references.
 *
 * Every operation of several steps is safe to cut off anywhere, and to repeat:
 * - `createKeys` makes keys one by one; repeated, it finds them and makes the rest.
 * - `seal` loads the key, writes the object at one stroke, then asks the key store once more. Either that question comes
 *   before the shred, then the shred's deletion comes after the write and takes the object along; or it comes after, then
 *   the seal deletes the object itself and answers `content_shredded`. Cut off in between, it leaves an object without a
 *   key: noise, which `sweep` removes.
 * - `shred` makes the tombstones first, the deletion of objects second. Cut off in between, nothing opens any more, and
 *   the objects wait for the repetition or for `sweep`.
 */
export interface ContentSafe {
  /** Makes the owner's keys: when a job is accepted, and never later. @throws NucleusError content_shredded */
  createKeys(owner: Tag, purposes: readonly Purpose[]): Promise<void>;
  /** @throws NucleusError content_shredded; content_missing when the owner never had a key */
  seal(
    owner: Tag,
    purpose: Purpose,
    name: Tag,
    content: Content,
  ): Promise<ContentRef>;
  /** Seals bytes as they come, never holding more than a frame; `onChunk` sees each chunk on its way. @throws as `seal` */
  sealStream(
    owner: Tag,
    purpose: Purpose,
    name: Tag,
    bytes: AsyncIterable<Uint8Array>,
    onChunk?: (chunk: Uint8Array) => void,
  ): Promise<{ readonly ref: ContentRef; readonly sizeBytes: number }>;
  /** @throws NucleusError content_shredded, content_missing, content_tampered */
  open(ref: ContentRef): Promise<Content>;
  /** @throws as `open`, possibly after some of the content was handed on */
  openStream(ref: ContentRef): AsyncIterable<Uint8Array>;
  /** After it nothing of the owner's purposes opens, in no copy made from then on; late seals get `content_shredded`. */
  shred(owner: Tag, purposes: readonly Purpose[]): Promise<void>;
  /**
   * Deletes objects whose key is shredded. `unknown` counts owners' purposes that have objects and neither key nor
   * tombstone: they are left alone, for that is what a lost key store looks like.
   */
  sweep(): Promise<{ readonly deleted: number; readonly unknown: number }>;
}

export interface ContentSafeOptions {
  readonly vault: ContentVault;
  readonly keys: KeyStore;
  readonly secrets: Secrets;
  readonly now?: Now;
}

export function createContentSafe(options: ContentSafeOptions): ContentSafe {
  const { vault, keys, secrets, now = systemNow } = options;
  const ring = createKeyRing({ keys, secrets, now });

  const writeSealed = async (
    ref: ContentRef,
    bytes: AsyncIterable<Uint8Array>,
  ): Promise<void> => {
    const object = fromContentRef(ref);
    const key = await ring.load(object);
    await vault.write(object, sealStream(bytes, { key, ref }));
    await confirmLive(ring, vault, object);
  };

  const readOpened = (ref: ContentRef) => openObject(ring, vault, ref);

  return {
    async createKeys(owner, purposes) {
      await Promise.all(
        purposes.map((purpose) => ring.create({ owner, purpose })),
      );
    },

    async seal(owner, purpose, name, content) {
      const ref = toContentRef({ owner, purpose, name });
      await writeSealed(ref, once(content.revealBytes()));
      return ref;
    },

    async sealStream(owner, purpose, name, bytes, onChunk) {
      const ref = toContentRef({ owner, purpose, name });
      let sizeBytes = 0;
      const observed = observe(bytes, (chunk) => {
        sizeBytes += chunk.byteLength;
        onChunk?.(chunk);
      });
      await writeSealed(ref, observed);
      return { ref, sizeBytes };
    },

    async open(ref) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of readOpened(ref)) chunks.push(chunk);
      return Content.fromBytes(Buffer.concat(chunks));
    },

    openStream: readOpened,

    async shred(owner, purposes) {
      const owners = purposes.map((purpose) => ({ owner, purpose }));
      await Promise.all(owners.map((each) => ring.shred(each)));
      await Promise.all(owners.map((each) => vault.deleteOwner(each)));
    },

    sweep: () => sweep(vault, keys),
  };
}

async function* openObject(
  ring: KeyRing,
  vault: ContentVault,
  ref: ContentRef,
): AsyncGenerator<Uint8Array> {
  const object = fromContentRef(ref);
  const key = await ring.load(object);
  try {
    yield* openStream(vault.read(object), { key, ref });
  } catch (error) {
    // Another process may have shredded it while this one had the key.
    if (codeOf(error) === "content_missing") await ring.assertLive(object);
    throw error;
  }
}

/** The seal's second question (see above). */
async function confirmLive(
  ring: KeyRing,
  vault: ContentVault,
  owner: VaultOwner,
): Promise<void> {
  if (!(await ring.isShredded(owner))) return;
  await vault.deleteOwner(owner);
  throw new NucleusError("content_shredded");
}

async function sweep(vault: ContentVault, keys: KeyStore) {
  let deleted = 0;
  let unknown = 0;
  for await (const owner of vault.owners()) {
    const state = await keys.read(owner);
    if (!state) unknown += 1;
    if (state?.state !== "shredded") continue;
    await vault.deleteOwner(owner);
    deleted += 1;
  }
  return { deleted, unknown };
}

function codeOf(error: unknown): string | undefined {
  return error instanceof NucleusError ? error.code : undefined;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function* observe(
  source: AsyncIterable<Uint8Array>,
  onChunk: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    onChunk(chunk);
    yield chunk;
  }
}
