import { describe, expect, it } from "vitest";
import type { Now } from "../../shared/kernel/clock.ts";
import { Tag } from "../../shared/kernel/metadata.ts";
import {
  maxWrappedBytes,
  type KeyStore,
  type WrappedKey,
} from "../../shared/vault/key-store.ts";
import type { VaultOwner } from "../../shared/vault/vault-object.ts";
import { createManualClock } from "../support/manual-clock.ts";

export type OpenContractKeyStore = (options: {
  readonly now: Now;
  readonly tombstoneTtlMs: number;
}) => Promise<KeyStore>;

const tombstoneTtlMs = 1000;
const owner: VaultOwner = { owner: Tag.parse("j1"), purpose: "work" };
const others: VaultOwner[] = [
  { owner: Tag.parse("j1"), purpose: "result" },
  { owner: Tag.parse("j2"), purpose: "work" },
];
const key = (fill: number, kekVersion = "1"): WrappedKey => ({
  wrapped: new Uint8Array(60).fill(fill),
  kekVersion,
});
const live = (of: WrappedKey) => ({ state: "live", ...of });

async function othersOf(
  store: KeyStore,
  kekVersion: string,
): Promise<string[]> {
  const found: string[] = [];
  for await (const each of store.underOtherVersions(kekVersion)) {
    found.push(`${each.owner}:${each.purpose}`);
  }
  return found.toSorted();
}

/** What every key store does. `open` gives an empty one; its caller closes it. */
export function describeKeyStoreContract(
  name: string,
  open: OpenContractKeyStore,
): void {
  const openNow = () => open({ now: createManualClock().now, tombstoneTtlMs });

  describe(`key store: ${name}`, () => {
    it("a key is created once per owner and purpose; the first stays", async () => {
      const store = await openNow();
      expect(await store.read(owner)).toBeUndefined();
      expect(await store.create(owner, key(1))).toBe("created");
      expect(await store.create(owner, key(2))).toBe("exists");
      expect(await store.read(owner)).toEqual(live(key(1)));
      for (const other of others) {
        expect(await store.read(other)).toBeUndefined();
      }
    });

    it("of creators at the same time one wins", async () => {
      const store = await openNow();
      const outcomes = await Promise.all(
        [1, 2, 3].map((fill) => store.create(owner, key(fill))),
      );
      expect(outcomes.toSorted()).toEqual(["created", "exists", "exists"]);
    });

    it("a shredded owner keeps a tombstone and gets no new key, others keep theirs", async () => {
      const store = await openNow();
      await store.create(owner, key(1));
      for (const other of others) await store.create(other, key(3));
      await store.shred(owner);
      await store.shred(owner);
      expect(await store.read(owner)).toEqual({ state: "shredded" });
      expect(await store.create(owner, key(2))).toBe("shredded");
      expect(await store.read(owner)).toEqual({ state: "shredded" });
      for (const other of others) {
        expect(await store.read(other)).toEqual(live(key(3)));
      }
    });

    it("shredding an owner that never had a key leaves a tombstone", async () => {
      const store = await openNow();
      await store.shred(owner);
      expect(await store.create(owner, key(1))).toBe("shredded");
    });

    it("a tombstone fades after its time, a key never does", async () => {
      const clock = createManualClock();
      const store = await open({ now: clock.now, tombstoneTtlMs });
      const [other = owner] = others;
      await store.create(other, key(1));
      await store.shred(owner);
      clock.advance(tombstoneTtlMs - 1);
      expect(await store.read(owner)).toEqual({ state: "shredded" });
      clock.advance(1);
      expect(await store.read(owner)).toBeUndefined();
      expect(await store.read(other)).toEqual(live(key(1)));
      expect(await store.create(owner, key(2))).toBe("created");
    });

    it("a key is rewrapped only in place of the one it was made from", async () => {
      const store = await openNow();
      await store.create(owner, key(1, "1"));
      expect(await store.rewrap(owner, "0", key(9, "2"))).toBe("unchanged");
      expect(await store.rewrap(owner, "1", key(2, "2"))).toBe("rewrapped");
      expect(await store.rewrap(owner, "1", key(9, "2"))).toBe("unchanged");
      expect(await store.read(owner)).toEqual(live(key(2, "2")));
      await store.shred(owner);
      expect(await store.rewrap(owner, "2", key(9, "3"))).toBe("unchanged");
      expect(await store.read(owner)).toEqual({ state: "shredded" });
    });

    it("lists each live key under another version, and what was rewrapped or shredded no longer", async () => {
      const store = await openNow();
      expect(await othersOf(store, "2")).toEqual([]);
      const [first = owner, second = owner] = others;
      await store.create(owner, key(1, "1"));
      await store.create(first, key(2, "1"));
      await store.create(second, key(3, "2"));
      expect(await othersOf(store, "2")).toEqual(["j1:result", "j1:work"]);
      expect(await othersOf(store, "1")).toEqual(["j2:work"]);
      expect(await othersOf(store, "3")).toHaveLength(3);
      await store.rewrap(owner, "1", key(4, "2"));
      await store.shred(first);
      expect(await othersOf(store, "2")).toEqual([]);
    });

    it("may be listed while it is rewrapped", async () => {
      const store = await openNow();
      const many = Array.from({ length: 40 }, (_, n) => ({
        owner: Tag.parse(`j${n}`),
        purpose: "work" as const,
      }));
      await Promise.all(many.map((each) => store.create(each, key(1, "1"))));
      const found: string[] = [];
      for await (const each of store.underOtherVersions("2")) {
        await store.rewrap(each, "1", key(2, "2"));
        found.push(each.owner);
      }
      expect(found.toSorted()).toEqual(many.map((m) => m.owner).toSorted());
    });

    it.each([0, maxWrappedBytes + 1])(
      "a wrapped key of %d bytes is refused",
      async (size) => {
        const store = await openNow();
        const wrapped = new Uint8Array(size);
        await expect(
          store.create(owner, { wrapped, kekVersion: "1" }),
        ).rejects.toMatchObject({ code: "document_invalid" });
      },
    );
  });
}
