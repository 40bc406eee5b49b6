import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { link, mkdir, readFile, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { Tag } from "../../kernel/metadata.ts";
import {
  codeOf,
  onDisk,
  syncFolder,
  writePrivateFile,
} from "../../storage/durable-files.ts";
import {
  assertSecretName,
  Secret,
  type Secrets,
  type SecretVersion,
} from "../secrets.ts";

const deletedPrefix = ".deleted-";

/**
 * Secrets of one machine: `{name}/{version}` below a folder (0700, files 0600), versions counting from 1.
 *
 * A version is written beside, synced and *linked* into place: the link fails when the version exists, so two writers
 * never share one, and a reader never sees half of one. A secret is deleted by renaming its folder away first, so a
 * crash leaves all of it or nothing; what was renamed away is removed then or at the next start.
 */
export function createFileSecrets(options: {
  readonly folder: string;
}): Secrets {
  const { folder } = options;
  prepareFolder(folder);

  const folderOf = (name: string): string => {
    assertSecretName(name);
    return join(folder, name);
  };

  const newest = async (name: string): Promise<SecretVersion | undefined> => {
    const version = (await versionsIn(folderOf(name))).at(-1);
    if (version === undefined) return undefined;
    const value = await readVersion(folderOf(name), version);
    // Deleted between the listing and the reading.
    return value && { value, version: toTag(version) };
  };

  return {
    get: newest,

    async getVersion(name, version) {
      return /^[1-9]\d{0,8}$/.test(version)
        ? readVersion(folderOf(name), Number(version))
        : undefined;
    },

    async getOrCreate(name, create) {
      for (;;) {
        const existing = await newest(name);
        if (existing) return existing;
        const value = create();
        if (await addVersion(folder, folderOf(name), 1, value)) {
          return { value, version: toTag(1) };
        }
      }
    },

    async set(name, value) {
      for (;;) {
        const version = ((await versionsIn(folderOf(name))).at(-1) ?? 0) + 1;
        if (await addVersion(folder, folderOf(name), version, value)) {
          return { value, version: toTag(version) };
        }
      }
    },

    delete: async (name) => deleteSecret(folder, folderOf(name)),
    list: () => listSecrets(folder),
  };
}

function prepareFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(folder)) {
    if (name.startsWith(deletedPrefix)) {
      rmSync(join(folder, name), { recursive: true, force: true });
    }
  }
}

async function deleteSecret(root: string, folder: string): Promise<void> {
  const away = join(root, `${deletedPrefix}${randomUUID()}`);
  try {
    await onDisk(rename(folder, away), ["ENOENT"]);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  await onDisk(syncFolder(root));
  await onDisk(rm(away, { recursive: true, force: true }));
}

async function listSecrets(root: string): Promise<string[]> {
  const names: string[] = [];
  for (const name of await onDisk(readdir(root))) {
    if (name.startsWith(".")) continue;
    const versions = await versionsIn(join(root, name));
    if (versions.length > 0) names.push(name);
  }
  return names.toSorted();
}

function toTag(version: number): Tag {
  return Tag.parse(String(version));
}

/** The versions in a secret's folder, oldest first. */
async function versionsIn(folder: string): Promise<number[]> {
  try {
    const names = await onDisk(readdir(folder), ["ENOENT", "ENOTDIR"]);
    return names
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .toSorted((a, b) => a - b);
  } catch (error) {
    if (codeOf(error) === "") throw error;
    return [];
  }
}

async function readVersion(
  folder: string,
  version: number,
): Promise<Secret | undefined> {
  try {
    const file = join(folder, String(version));
    return Secret.fromBytes(await onDisk(readFile(file), ["ENOENT"]));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Whether the version could be added: false when it exists. */
async function addVersion(
  root: string,
  folder: string,
  version: number,
  value: Secret,
): Promise<boolean> {
  const part = join(folder, `.${randomUUID()}`);
  await onDisk(mkdir(folder, { recursive: true, mode: 0o700 }));
  await onDisk(syncFolder(root));
  try {
    await writePrivateFile(part, (handle) =>
      onDisk(handle.writeFile(value.revealBytes())),
    );
    await onDisk(link(part, join(folder, String(version))), ["EEXIST"]);
    await onDisk(syncFolder(folder));
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  } finally {
    await rm(part, { force: true });
  }
}
