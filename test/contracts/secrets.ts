import { describe, expect, it } from "vitest";
import { Secret, type Secrets } from "../../shared/vault/secrets.ts";

const secret = (text: string) => Secret.fromText(text);

async function textOf(
  secrets: Secrets,
  name: string,
  version?: string,
): Promise<string | undefined> {
  const value =
    version === undefined
      ? (await secrets.get(name))?.value
      : await secrets.getVersion(name, version);
  return value?.revealText();
}

/** What every secrets adapter does. `open` gives an empty one. */
export function describeSecretsContract(
  name: string,
  open: () => Promise<Secrets>,
): void {
  describe(`secrets: ${name}`, () => {
    it("a secret that is not there is undefined, in any version", async () => {
      const secrets = await open();
      expect(await secrets.get("a")).toBeUndefined();
      expect(await secrets.getVersion("a", "1")).toBeUndefined();
      expect(await secrets.list()).toEqual([]);
    });

    it("setting adds a version: the newest is got, earlier ones stay readable", async () => {
      const secrets = await open();
      const first = await secrets.set("a", secret("one"));
      const second = await secrets.set("a", secret("two"));
      expect(await textOf(secrets, "a")).toBe("two");
      expect((await secrets.get("a"))?.version).toBe(second.version);
      expect(await textOf(secrets, "a", first.version)).toBe("one");
      expect(await textOf(secrets, "a", second.version)).toBe("two");
      expect(await secrets.getVersion("a", "../1")).toBeUndefined();
    });

    it("many versions keep their order", async () => {
      const secrets = await open();
      for (let n = 1; n <= 12; n += 1) await secrets.set("a", secret(`${n}`));
      expect(await textOf(secrets, "a")).toBe("12");
    });

    it("bytes of any value come back as they were", async () => {
      const secrets = await open();
      const bytes = Uint8Array.from({ length: 256 }, (_, n) => n);
      await secrets.set("a", Secret.fromBytes(bytes));
      const got = await secrets.get("a");
      expect(got && Buffer.from(got.value.revealBytes()).equals(bytes)).toBe(
        true,
      );
    });

    it("what is got or created is created once, also by many at the same time", async () => {
      const secrets = await open();
      const texts = ["a", "b", "c", "d", "e"];
      const got = await Promise.all(
        texts.map((text) => secrets.getOrCreate("k", () => secret(text))),
      );
      const values = new Set(got.map((each) => each.value.revealText()));
      expect(values.size).toBe(1);
      const again = await secrets.getOrCreate("k", () => secret("late"));
      expect(values).toContain(again.value.revealText());
      expect(again.version).toBe(got[0]?.version);
    });

    it("what exists is got and not created, and after its deletion it is created anew", async () => {
      const secrets = await open();
      const first = await secrets.set("k", secret("one"));
      const found = await secrets.getOrCreate("k", () => {
        throw new Error("created although it is there");
      });
      expect(found.version).toBe(first.version);
      await secrets.delete("k");
      expect(await secrets.getVersion("k", first.version)).toBeUndefined();
      await secrets.getOrCreate("k", () => secret("two"));
      expect(await textOf(secrets, "k")).toBe("two");
    });

    it("a creation that fails leaves nothing, and the next one goes through", async () => {
      const secrets = await open();
      await expect(
        secrets.getOrCreate("k", () => {
          throw new Error("no randomness");
        }),
      ).rejects.toThrow("no randomness");
      expect(await secrets.get("k")).toBeUndefined();
      await secrets.getOrCreate("k", () => secret("one"));
      expect(await textOf(secrets, "k")).toBe("one");
    });

    it("setters at the same time each get a version of their own", async () => {
      const secrets = await open();
      const set = await Promise.all(
        ["a", "b", "c"].map((text) => secrets.set("k", secret(text))),
      );
      const versions = set.map((each) => each.version);
      expect(new Set(versions).size).toBe(3);
      const found = await Promise.all(
        versions.map((version) => textOf(secrets, "k", version)),
      );
      expect(found).toEqual(["a", "b", "c"]);
    });

    it("deleting takes all versions, any number of times; others stay", async () => {
      const secrets = await open();
      await secrets.set("a", secret("one"));
      await secrets.set("a", secret("two"));
      await secrets.set("b", secret("kept"));
      await secrets.delete("a");
      await secrets.delete("a");
      expect(await secrets.get("a")).toBeUndefined();
      expect(await secrets.list()).toEqual(["b"]);
      await secrets.set("a", secret("new"));
      expect(await secrets.list()).toEqual(["a", "b"]);
    });

    it.each(["", "../a", "a/b", "a.b", "a_b", "x".repeat(128)])(
      "a name like %j is refused",
      async (wrong) => {
        const secrets = await open();
        const invalid = { code: "document_invalid" };
        await expect(secrets.get(wrong)).rejects.toMatchObject(invalid);
        await expect(secrets.set(wrong, secret("x"))).rejects.toMatchObject(
          invalid,
        );
        await expect(secrets.delete(wrong)).rejects.toMatchObject(invalid);
      },
    );
  });
}
