import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { systemNow, type Now } from "../../kernel/clock.ts";
import { NucleusError } from "../../kernel/errors.ts";
import {
  codeOf,
  onDisk,
  syncFolder,
  writePrivateFile,
} from "../../storage/durable-files.ts";
import type { ContentVault } from "../content-vault.ts";
import { toContentRef, toVaultOwner } from "../vault-object.ts";
import type { VaultObject, VaultOwner } from "../vault-object.ts";

export interface FolderContentVaultOptions {
  readonly folder: string;
  readonly now?: Now;
}

const readBytes = 64 * 1024;
const placeAttempts = 5;
/** A part older than this was left by a crash: nothing writes one object for so long. */
const abandonedAfterMs = 24 * 60 * 60 * 1000;

/**
 * The vault of one machine: `{shard}/{owner}.{purpose}/{name}.sealed` below a folder, readable by this user only.
 *
 * An object is written beside (`parts/`), synced, renamed into place, and its folder synced (V1). A part that a crash
 * left is ciphertext that nothing refers to; it is removed at a later start.
 */
export function createFolderContentVault(
  options: FolderContentVaultOptions,
): ContentVault {
  const { folder, now = systemNow } = options;
  const parts = join(folder, "parts");
  /** Shards whose names this process has seen on disk: a shard is never removed. */
  const durableShards = new Set<string>();
  mkdirSync(parts, { recursive: true, mode: 0o700 });
  removeAbandoned(parts, now());

  return {
    async write(object, sealed) {
      const target = pathOf(folder, object);
      const part = join(parts, randomUUID());
      try {
        await writePrivateFile(part, async (handle) => {
          for await (const chunk of sealed) {
            await onDisk(handle.writeFile(chunk));
          }
        });
        if (!durableShards.has(target.shard)) {
          await onDisk(makeShard(folder, target.shard));
          durableShards.add(target.shard);
        }
        await onDisk(placePart(part, target));
      } catch (error) {
        await rm(part, { force: true });
        throw error;
      }
    },

    read: (object) => readFileInChunks(pathOf(folder, object).file),

    async deleteOwner(owner) {
      const { ownerFolder } = pathOfOwner(folder, owner);
      // Retried when a late writer puts an object into the folder meanwhile.
      await onDisk(
        rm(ownerFolder, { recursive: true, force: true, maxRetries: 5 }),
      );
    },

    async *owners() {
      for (const shard of await onDisk(readdir(folder))) {
        if (!/^[0-9a-f]{2}$/.test(shard)) continue;
        for (const name of await onDisk(readdir(join(folder, shard)))) {
          const [owner = "", purpose = ""] = name.split(".");
          const found = toVaultOwner(owner, purpose);
          if (found) yield found;
        }
      }
    },
  };
}

interface ObjectPath {
  readonly shard: string;
  readonly ownerFolder: string;
  readonly file: string;
}

/** A reference's characters leave no way out of the folder. */
function pathOfOwner(
  folder: string,
  owner: VaultOwner,
): Omit<ObjectPath, "file"> {
  if (!toVaultOwner(owner.owner, owner.purpose)) {
    throw new NucleusError("document_invalid");
  }
  const hash = createHash("sha256").update(owner.owner).digest("hex");
  const shard = join(folder, hash.slice(0, 2));
  return { shard, ownerFolder: join(shard, `${owner.owner}.${owner.purpose}`) };
}

function pathOf(folder: string, object: VaultObject): ObjectPath {
  toContentRef(object);
  const path = pathOfOwner(folder, object);
  return { ...path, file: join(path.ownerFolder, `${object.name}.sealed`) };
}

async function makeShard(folder: string, shard: string): Promise<void> {
  await mkdir(shard, { recursive: true, mode: 0o700 });
  await syncFolder(folder);
}

/** Renames a finished part into place, durably; repeated when another deletes the owner's folder in between. */
async function placePart(
  part: string,
  { shard, ownerFolder, file }: ObjectPath,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const made = await mkdir(ownerFolder, { recursive: true, mode: 0o700 });
      if (made !== undefined) await syncFolder(shard);
      await rename(part, file);
      await syncFolder(ownerFolder);
      return;
    } catch (error) {
      const isOvertaken = codeOf(error) === "ENOENT" && existsSync(part);
      if (!isOvertaken || attempt === placeAttempts) throw error;
    }
  }
}

async function* readFileInChunks(file: string): AsyncGenerator<Uint8Array> {
  const handle = await openExisting(file);
  try {
    for (;;) {
      const buffer = Buffer.allocUnsafe(readBytes);
      const { bytesRead } = await onDisk(handle.read(buffer));
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

async function openExisting(file: string) {
  try {
    return await onDisk(open(file, "r"), ["ENOENT"]);
  } catch (error) {
    if (codeOf(error) === "ENOENT") throw new NucleusError("content_missing");
    throw error;
  }
}

function removeAbandoned(parts: string, nowMs: number): void {
  for (const name of readdirSync(parts)) {
    const part = join(parts, name);
    const stat = statSync(part, { throwIfNoEntry: false });
    if (stat && stat.mtimeMs < nowMs - abandonedAfterMs) {
      rmSync(part, { force: true });
    }
  }
}
