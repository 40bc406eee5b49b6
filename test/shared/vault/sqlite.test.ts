import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { Tag } from "../../../shared/kernel/metadata.ts";
import { createSqliteKeyStore } from "../../../shared/vault/adapters/sqlite.ts";
import type { KeyStore } from "../../../shared/vault/key-store.ts";
import type { VaultOwner } from "../../../shared/vault/vault-object.ts";
import { describeKeyStoreContract } from "../../contracts/key-store.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { createTempFolder } from "../../support/temp-folder.ts";

describeKeyStoreContract("SQLite", async (options) => {
  const file = join(createTempFolder(), "keys.db");
  const store = createSqliteKeyStore({ file, ...options });
  onTestFinished(() => store.close());
  return store;
});

/** Every byte of the store's files: database, WAL, shared memory, and a rollback journal if there were one. */
function bytesOf(file: string): Buffer {
  const files = ["", "-wal", "-shm", "-journal"].map((end) => file + end);
  return Buffer.concat(files.filter(existsSync).map((f) => readFileSync(f)));
}

/** The keys of which eight bytes, at the start, middle or end, are in the bytes. */
function partlyIn(bytes: Buffer, keys: readonly Buffer[]): Buffer[] {
  const windows = new Set<number>();
  for (let at = 0; at + 4 <= bytes.byteLength; at += 1) {
    windows.add(bytes.readUInt32LE(at));
  }
  return keys.filter((key) =>
    [0, 26, 52].some(
      (at) =>
        windows.has(key.readUInt32LE(at)) &&
        bytes.includes(key.subarray(at, at + 8)),
    ),
  );
}

function holdsPartOf(bytes: Buffer, wrapped: Buffer): boolean {
  return partlyIn(bytes, [wrapped]).length > 0;
}

const ownerOf = (n: number): VaultOwner => ({
  owner: Tag.parse(`job-${randomBytes(4).toString("hex")}-${n}`),
  purpose: "work",
});

async function createMany(store: KeyStore, count: number) {
  const all = Array.from({ length: count }, (_, n) => ({
    owner: ownerOf(n),
    wrapped: randomBytes(60),
  }));
  await Promise.all(
    all.map(({ owner, wrapped }) =>
      store.create(owner, { wrapped, kekVersion: "1" }),
    ),
  );
  return all;
}

describe("SQLite key store leaves no byte of a shredded key", () => {
  const openFile = (now = createManualClock().now) => {
    const file = join(createTempFolder(), "keys.db");
    const store = createSqliteKeyStore({ file, now, tombstoneTtlMs: 1000 });
    onTestFinished(() => store.close());
    return { file, store };
  };

  it("in database, WAL or shared memory, the moment the shred is answered", async () => {
    const { file, store } = openFile();
    const [one, two] = await createMany(store, 2);
    if (!one || !two) throw new Error("no keys");
    expect(holdsPartOf(bytesOf(file), one.wrapped)).toBe(true);
    await store.shred(one.owner);
    expect(holdsPartOf(bytesOf(file), one.wrapped)).toBe(false);
    expect(holdsPartOf(bytesOf(file), two.wrapped)).toBe(true);
    expect(await store.read(two.owner)).toMatchObject({ state: "live" });
  });

  it("among thousands that come, go, fade and take the freed places", async () => {
    const clock = createManualClock();
    const { file, store } = openFile(clock.now);
    const shredded: Buffer[] = [];
    let alive = await createMany(store, 1500);
    for (let round = 0; round < 8; round += 1) {
      const going = alive.filter((_, n) => n % 3 !== round % 3);
      alive = alive.filter((_, n) => n % 3 === round % 3);
      await Promise.all(going.map(({ owner }) => store.shred(owner)));
      shredded.push(...going.map(({ wrapped }) => wrapped));
      clock.advance(2000);
      alive = [...alive, ...(await createMany(store, 700))];
      expect(partlyIn(bytesOf(file), shredded)).toHaveLength(0);
    }
    const states = await Promise.all(
      alive.map(({ owner }) => store.read(owner)),
    );
    for (const [n, state] of states.entries()) {
      expect(state).toMatchObject({ state: "live" });
      if (state?.state !== "live") continue;
      expect(alive[n]?.wrapped.equals(state.wrapped)).toBe(true);
    }
  });

  it("nor of those that are shredded while keys under other versions are listed", async () => {
    const { file, store } = openFile();
    const all = await createMany(store, 1200);
    const listed = new Set<string>();
    for await (const { owner, purpose } of store.underOtherVersions("2")) {
      listed.add(owner);
      if (listed.size % 400 === 0) await store.shred({ owner, purpose });
    }
    expect(listed.size).toBe(1200);
    const shredded = [];
    for (const { owner, wrapped } of all)
      if ((await store.read(owner))?.state === "shredded")
        shredded.push(wrapped);
    expect(shredded).toHaveLength(3);
    expect(partlyIn(bytesOf(file), shredded)).toHaveLength(0);
  });

  it("nor of the old form of a rewrapped one", async () => {
    const { file, store } = openFile();
    const [one] = await createMany(store, 1);
    if (!one) throw new Error("no key");
    await store.rewrap(one.owner, "1", {
      wrapped: randomBytes(60),
      kekVersion: "2",
    });
    expect(holdsPartOf(bytesOf(file), one.wrapped)).toBe(false);
  });

  it("a reader that keeps the WAL alive makes the shred an outage; repeating it later completes it", async () => {
    const { file, store } = openFile();
    const [one] = await createMany(store, 1);
    if (!one) throw new Error("no key");
    const reader = new DatabaseSync(file);
    onTestFinished(() => reader.close());
    reader.exec("BEGIN; SELECT count(*) FROM owners");
    await expect(store.shred(one.owner)).rejects.toMatchObject({
      code: "store_unavailable",
    });
    expect(await store.read(one.owner)).toEqual({ state: "shredded" });
    expect(holdsPartOf(bytesOf(file), one.wrapped)).toBe(true);
    reader.exec("COMMIT");
    await store.shred(one.owner);
    expect(holdsPartOf(bytesOf(file), one.wrapped)).toBe(false);
  });

  it("after a crash before the truncation, opening the store completes it", async () => {
    const { file, store } = openFile();
    const [one] = await createMany(store, 1);
    if (!one) throw new Error("no key");
    const reader = new DatabaseSync(file);
    onTestFinished(() => reader.close());
    reader.exec("BEGIN; SELECT count(*) FROM owners");
    await expect(store.shred(one.owner)).rejects.toBeDefined();
    reader.exec("COMMIT");
    const again = createSqliteKeyStore({ file, now: createManualClock().now });
    onTestFinished(() => again.close());
    expect(holdsPartOf(bytesOf(file), one.wrapped)).toBe(false);
    expect(await again.read(one.owner)).toEqual({ state: "shredded" });
  });
});
