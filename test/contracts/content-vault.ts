import { describe, expect, it } from "vitest";
import { Tag } from "../../shared/kernel/metadata.ts";
import type { ContentVault } from "../../shared/vault/content-vault.ts";
import type { Purpose, VaultObject } from "../../shared/vault/vault-object.ts";

const object = (
  owner: string,
  purpose: Purpose,
  name = "answer",
): VaultObject => ({ owner: Tag.parse(owner), purpose, name: Tag.parse(name) });

async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function* failing(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
  throw new Error("source broke");
}

async function readText(
  vault: ContentVault,
  from: VaultObject,
): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of vault.read(from)) parts.push(part);
  return Buffer.concat(parts).toString();
}

async function ownersOf(vault: ContentVault): Promise<string[]> {
  const owners: string[] = [];
  for await (const { owner, purpose } of vault.owners()) {
    owners.push(`${owner}:${purpose}`);
  }
  return owners.toSorted();
}

const missing = { code: "content_missing" };

/** What every content vault does. `open` gives an empty one. */
export function describeContentVaultContract(
  name: string,
  open: () => Promise<ContentVault>,
): void {
  describe(`content vault: ${name}`, () => {
    describeObjects(open);
    describeOwners(open);
  });
}

function describeObjects(open: () => Promise<ContentVault>): void {
  it("an object is read back whole, also an empty and a large one", async () => {
    const vault = await open();
    const large = "x".repeat(300_000);
    await vault.write(object("j1", "work"), chunks("one ", "two"));
    await vault.write(object("j1", "work", "empty"), chunks());
    await vault.write(object("j1", "work", "large"), chunks(large, large));
    expect(await readText(vault, object("j1", "work"))).toBe("one two");
    expect(await readText(vault, object("j1", "work", "empty"))).toBe("");
    expect(await readText(vault, object("j1", "work", "large"))).toBe(
      large + large,
    );
  });

  it("writing again replaces; owner, purpose and name tell objects apart", async () => {
    const vault = await open();
    const all = [
      object("j1", "work"),
      object("j2", "work"),
      object("j1", "result"),
      object("j1", "work", ".."),
      object("j1", "work", "."),
    ];
    for (const each of all) await vault.write(each, chunks("old"));
    for (const [index, each] of all.entries()) {
      await vault.write(each, chunks(`new ${index}`));
    }
    const found = await Promise.all(all.map((each) => readText(vault, each)));
    expect(found).toEqual(["new 0", "new 1", "new 2", "new 3", "new 4"]);
  });

  it("an object that is not there is missing", async () => {
    const vault = await open();
    await expect(readText(vault, object("j1", "work"))).rejects.toMatchObject(
      missing,
    );
  });

  it("a source that breaks leaves the earlier object as it was, or none", async () => {
    const vault = await open();
    await vault.write(object("j1", "work"), chunks("old"));
    await expect(
      vault.write(object("j1", "work"), failing("half")),
    ).rejects.toThrow("source broke");
    await expect(
      vault.write(object("j2", "work"), failing("half")),
    ).rejects.toThrow("source broke");
    expect(await readText(vault, object("j1", "work"))).toBe("old");
    await expect(readText(vault, object("j2", "work"))).rejects.toMatchObject(
      missing,
    );
  });

  it("writers of one object at the same time leave one of their objects whole", async () => {
    const vault = await open();
    const texts = ["a", "b", "c", "d"].map((letter) => letter.repeat(100_000));
    await Promise.all(
      texts.map((text) => vault.write(object("j1", "work"), chunks(text))),
    );
    expect(texts).toContain(await readText(vault, object("j1", "work")));
  });

  it.each(["../x", "a/b", "", "x".repeat(65), "a:b", "a b"])(
    "a name or owner like %j is refused",
    async (text) => {
      const vault = await open();
      const invalid = { code: "document_invalid" };
      const wrongName = { ...object("j1", "work"), name: text as Tag };
      const wrongOwner = { ...object("j1", "work"), owner: text as Tag };
      for (const each of [wrongName, wrongOwner]) {
        await expect(vault.write(each, chunks("x"))).rejects.toMatchObject(
          invalid,
        );
      }
      await expect(
        (async () => vault.deleteOwner(wrongOwner))(),
      ).rejects.toMatchObject(invalid);
    },
  );
}

function describeOwners(open: () => Promise<ContentVault>): void {
  it("deleting takes all objects of one owner's purpose and nothing else, any number of times", async () => {
    const vault = await open();
    await vault.write(object("j1", "work", "a"), chunks("x"));
    await vault.write(object("j1", "work", "b"), chunks("x"));
    await vault.write(object("j1", "result"), chunks("kept"));
    await vault.write(object("j10", "work"), chunks("kept"));
    await vault.deleteOwner(object("j1", "work"));
    await vault.deleteOwner(object("j1", "work"));
    await expect(
      readText(vault, object("j1", "work", "a")),
    ).rejects.toMatchObject(missing);
    expect(await readText(vault, object("j1", "result"))).toBe("kept");
    expect(await readText(vault, object("j10", "work"))).toBe("kept");
    await vault.write(object("j1", "work", "a"), chunks("again"));
    expect(await readText(vault, object("j1", "work", "a"))).toBe("again");
  });

  it("lists each owner and purpose that has objects once", async () => {
    const vault = await open();
    expect(await ownersOf(vault)).toEqual([]);
    await vault.write(object("j1", "work", "a"), chunks("x"));
    await vault.write(object("j1", "work", "b"), chunks("x"));
    await vault.write(object("j1", "result"), chunks("x"));
    await vault.write(object("j2", "endpoint"), chunks("x"));
    await vault.deleteOwner(object("j1", "result"));
    expect(await ownersOf(vault)).toEqual(["j1:work", "j2:endpoint"]);
  });
}
