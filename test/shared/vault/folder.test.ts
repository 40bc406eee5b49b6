import {
  mkdirSync,
  readdirSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Tag } from "../../../shared/kernel/metadata.ts";
import { createFolderContentVault } from "../../../shared/vault/adapters/folder.ts";
import { describeContentVaultContract } from "../../contracts/content-vault.ts";
import { createTempFolder } from "../../support/temp-folder.ts";

describeContentVaultContract("folder", async () =>
  createFolderContentVault({ folder: createTempFolder() }),
);

const object = {
  owner: Tag.parse("j1"),
  purpose: "work",
  name: Tag.parse("n"),
} as const;

async function* bytes(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("sealed");
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

describe("folder vault", () => {
  it("files and folders are for this user only, and nothing but objects stays", async () => {
    const folder = join(createTempFolder(), "vault");
    const vault = createFolderContentVault({ folder });
    await vault.write(object, bytes());
    const files = filesIn(folder);
    expect(files).toHaveLength(1);
    const [file = ""] = files;
    expect(file).toMatch(/\/[0-9a-f]{2}\/j1\.work\/n\.sealed$/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const folders = readdirSync(folder, { recursive: true })
      .map((entry) => statSync(join(folder, String(entry))))
      .filter((stat) => stat.isDirectory());
    expect(folders.map((stat) => stat.mode & 0o777)).toEqual(
      folders.map(() => 0o700),
    );
  });

  it("parts that a crash left are removed at a later start, fresh ones are not", () => {
    const folder = createTempFolder();
    const parts = join(folder, "parts");
    mkdirSync(parts);
    writeFileSync(join(parts, "old"), "sealed");
    writeFileSync(join(parts, "fresh"), "sealed");
    const nowMs = Date.now();
    utimesSync(join(parts, "old"), 1, 1);
    createFolderContentVault({ folder, now: () => nowMs });
    expect(readdirSync(parts)).toEqual(["fresh"]);
  });

  it("a reader that began before a deletion reads to the end", async () => {
    const vault = createFolderContentVault({ folder: createTempFolder() });
    async function* large() {
      yield Buffer.alloc(200_000, 1);
    }
    await vault.write(object, large());
    let size = 0;
    for await (const chunk of vault.read(object)) {
      if (size === 0) await vault.deleteOwner(object);
      size += chunk.byteLength;
    }
    expect(size).toBe(200_000);
  });

  it("a writer survives that its owner's folder is deleted under it", async () => {
    const vault = createFolderContentVault({ folder: createTempFolder() });
    const writes = Array.from({ length: 20 }, () =>
      vault.write(object, bytes()),
    );
    await Promise.all([vault.deleteOwner(object), ...writes]);
    for await (const chunk of vault.read(object)) {
      expect(Buffer.from(chunk).toString()).toBe("sealed");
    }
  });

  it("foreign files in the folder are no owners", async () => {
    const folder = createTempFolder();
    const vault = createFolderContentVault({ folder });
    mkdirSync(join(folder, "aa", "not one of ours"), { recursive: true });
    mkdirSync(join(folder, "aa", "j1.unknown"), { recursive: true });
    mkdirSync(join(folder, "lost+found"));
    for await (const owner of vault.owners()) expect.unreachable(owner.owner);
  });
});
