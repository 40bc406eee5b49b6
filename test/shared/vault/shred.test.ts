import { createDecipheriv } from "node:crypto";
import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ContentVault } from "../../../shared/vault/content-vault.ts";
import {
  codeOf,
  job,
  name,
  openSafe,
  streamOf,
  uniqueText,
  words,
} from "../../support/safe-fixture.ts";
import { createTempFolder } from "../../support/temp-folder.ts";

function allBytesIn(folder: string): Buffer {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
  return Buffer.concat(files);
}

async function ownersIn(vault: ContentVault): Promise<string[]> {
  const found: string[] = [];
  for await (const { owner, purpose } of vault.owners()) {
    found.push(`${owner}:${purpose}`);
  }
  return found.toSorted();
}

/** Takes every window of the bytes for a wrapped key of the owner and counts those that open. */
function countWrappedKeys(bytes: Buffer, kek: Uint8Array): number {
  const binding = Buffer.from(
    ["nucleus key v1", job, "work", "1"].join("\0"),
    "utf8",
  );
  const zeros = Buffer.alloc(60);
  let found = 0;
  for (let at = 0; at + 60 <= bytes.byteLength; at += 1) {
    if (zeros.equals(bytes.subarray(at, at + 60))) continue;
    const nonce = bytes.subarray(at, at + 12);
    const decipher = createDecipheriv("aes-256-gcm", kek, nonce, {
      authTagLength: 16,
    });
    decipher.setAAD(binding);
    decipher.setAuthTag(bytes.subarray(at + 44, at + 60));
    decipher.update(bytes.subarray(at + 12, at + 44));
    try {
      decipher.final();
      found += 1;
    } catch {
      // Not a wrapped key.
    }
  }
  return found;
}

describe("shredding", () => {
  it("with a copy of everything taken after it, and all ciphertext from before, nothing opens", async () => {
    const { home, safe, secrets, keys } = openSafe();
    await safe.createKeys(job, ["work", "result"]);
    const text = uniqueText();
    const ref = await safe.seal(job, "work", name("text"), words(text));
    const kept = await safe.seal(job, "result", name("answer"), words("kept"));
    const kek = (await secrets.get("kek"))?.value.revealBytes();
    const state = await keys.read({ owner: job, purpose: "work" });
    if (!kek || state?.state !== "live") throw new Error("no keys");
    const backup = createTempFolder();
    cpSync(join(home, "vault"), backup, { recursive: true });
    expect(countWrappedKeys(allBytesIn(home), kek)).toBeGreaterThan(0);

    await safe.shred(job, ["work"]);

    const copy = createTempFolder();
    cpSync(home, copy, { recursive: true });
    const bytes = allBytesIn(copy);
    expect(bytes.includes(Buffer.from(kek))).toBe(true);
    expect(bytes.includes(Buffer.from(state.wrapped))).toBe(false);
    expect(bytes.includes(text)).toBe(false);
    expect(countWrappedKeys(bytes, kek)).toBe(0);

    cpSync(backup, join(copy, "vault"), { recursive: true });
    const thief = openSafe(copy);
    expect(await codeOf(thief.safe.open(ref))).toBe("content_shredded");
    expect((await thief.safe.open(kept)).revealText()).toBe("kept");
  });

  it("may be repeated; afterwards nothing is opened, sealed or given a key", async () => {
    const { safe, vault } = openSafe();
    await safe.createKeys(job, ["work"]);
    const ref = await safe.seal(job, "work", name("a"), words("x"));
    await safe.shred(job, ["work"]);
    await safe.shred(job, ["work"]);
    const late = [
      safe.open(ref),
      safe.seal(job, "work", name("b"), words("x")),
      safe.createKeys(job, ["work"]),
    ];
    expect(await Promise.all(late.map(codeOf))).toEqual([
      "content_shredded",
      "content_shredded",
      "content_shredded",
    ]);
    expect(await ownersIn(vault)).toEqual([]);
  });

  it("a process that still holds the key finds the content shredded, and leaves nothing behind", async () => {
    const { home, safe } = openSafe();
    const other = openSafe(home);
    await safe.createKeys(job, ["work"]);
    const ref = await other.safe.seal(job, "work", name("a"), words("x"));
    await safe.shred(job, ["work"]);
    expect(await codeOf(other.safe.open(ref))).toBe("content_shredded");
    const late = other.safe.seal(job, "work", name("b"), words("x"));
    expect(await codeOf(late)).toBe("content_shredded");
    expect(await ownersIn(other.vault)).toEqual([]);
  });

  it("a seal that the shred overtakes is told so, and its object is deleted", async () => {
    const { safe, vault } = openSafe();
    await safe.createKeys(job, ["work"]);
    async function* overtaken() {
      yield Buffer.from("first half ");
      await safe.shred(job, ["work"]);
      yield Buffer.from("second half");
    }
    const sealing = safe.sealStream(job, "work", name("a"), overtaken());
    expect(await codeOf(sealing)).toBe("content_shredded");
    expect(await ownersIn(vault)).toEqual([]);
  });
});

describe("shredding that is cut off", () => {
  it("between key and objects: nothing opens, and the sweep removes the objects", async () => {
    const { home, safe, vault } = openSafe(undefined, (parts) => ({
      vault: {
        ...parts.vault,
        deleteOwner: async () => {
          throw new Error("killed here");
        },
      },
    }));
    await safe.createKeys(job, ["work", "result"]);
    const ref = await safe.seal(job, "work", name("a"), words("x"));
    await safe.seal(job, "result", name("a"), words("kept"));
    await expect(safe.shred(job, ["work"])).rejects.toThrow("killed here");
    expect(await ownersIn(vault)).toEqual(["job-1:result", "job-1:work"]);

    const restarted = openSafe(home);
    expect(await codeOf(restarted.safe.open(ref))).toBe("content_shredded");
    expect(await restarted.safe.sweep()).toEqual({ deleted: 1, unknown: 0 });
    expect(await ownersIn(vault)).toEqual(["job-1:result"]);
    expect(await restarted.safe.sweep()).toEqual({ deleted: 0, unknown: 0 });
  });

  it("a late seal that was killed before its second question leaves noise that the sweep removes", async () => {
    const { home, safe } = openSafe();
    const other = openSafe(home, (parts) => ({
      vault: {
        ...parts.vault,
        write: async (object, sealed) => {
          await parts.vault.write(object, sealed);
          throw new Error("killed here");
        },
      },
    }));
    await safe.createKeys(job, ["work"]);
    async function* overtaken() {
      yield Buffer.from("x");
      await safe.shred(job, ["work"]);
    }
    const sealing = other.safe.sealStream(job, "work", name("a"), overtaken());
    await expect(sealing).rejects.toThrow("killed here");
    expect(await ownersIn(other.vault)).toEqual(["job-1:work"]);
    expect(await safe.sweep()).toEqual({ deleted: 1, unknown: 0 });
  });

  it("createKeys that was cut off is completed by its repetition", async () => {
    const first = Promise.withResolvers<void>();
    const { home, safe, keys } = openSafe(undefined, (parts) => ({
      keys: {
        ...parts.keys,
        create: async (owner, key) => {
          if (owner.purpose === "result") {
            await first.promise;
            throw new Error("killed here");
          }
          const outcome = await parts.keys.create(owner, key);
          first.resolve();
          return outcome;
        },
      },
    }));
    await expect(safe.createKeys(job, ["work", "result"])).rejects.toThrow(
      "killed here",
    );
    const before = await keys.read({ owner: job, purpose: "work" });
    const restarted = openSafe(home);
    await restarted.safe.createKeys(job, ["work", "result"]);
    expect(await keys.read({ owner: job, purpose: "work" })).toEqual(before);
    const result = await keys.read({ owner: job, purpose: "result" });
    expect(result?.state).toBe("live");
  });

  it("objects without key and tombstone are counted, not deleted: the key store may be lost", async () => {
    const { safe, vault } = openSafe();
    await vault.write(
      { owner: job, purpose: "work", name: name("a") },
      streamOf("sealed"),
    );
    expect(await safe.sweep()).toEqual({ deleted: 0, unknown: 1 });
    expect(await ownersIn(vault)).toEqual(["job-1:work"]);
  });
});
