import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { NucleusError } from "../../../shared/kernel/errors.ts";
import { Tag } from "../../../shared/kernel/metadata.ts";
import { createFileSecrets } from "../../../shared/vault/adapters/file.ts";
import { createSqliteKeyStore } from "../../../shared/vault/adapters/sqlite.ts";
import { createKeyRing } from "../../../shared/vault/key-ring.ts";
import type { KeyStore } from "../../../shared/vault/key-store.ts";
import { createKeyRotation } from "../../../shared/vault/rotate-keys.ts";
import { Secret } from "../../../shared/vault/secrets.ts";
import type { VaultOwner } from "../../../shared/vault/vault-object.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { createTempFolder } from "../../support/temp-folder.ts";

/** Stores of one machine, and processes over them. */
function openStores() {
  const folder = createTempFolder();
  const clock = createManualClock();
  const secrets = createFileSecrets({ folder: join(folder, "secrets") });
  const keys = createSqliteKeyStore({
    file: join(folder, "keys.db"),
    now: clock.now,
  });
  onTestFinished(() => keys.close());
  const openRing = () => createKeyRing({ keys, secrets, now: clock.now });
  const openRotation = (through: KeyStore = keys) =>
    createKeyRotation({ keys: through, secrets, now: clock.now });
  return { folder, clock, secrets, keys, openRing, openRotation };
}

const owners = (count: number, prefix = "job"): VaultOwner[] =>
  Array.from({ length: count }, (_, n) => ({
    owner: Tag.parse(`${prefix}-${n}`),
    purpose: "work",
  }));

async function versionsOf(keys: KeyStore, of: readonly VaultOwner[]) {
  const states = await Promise.all(of.map((owner) => keys.read(owner)));
  return states.map((each) =>
    each?.state === "live" ? each.kekVersion : each?.state,
  );
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("rotating the key-encryption key", () => {
  it("wraps every live key anew under a fresh version, and the keys stay what they were", async () => {
    const { keys, secrets, openRing, openRotation } = openStores();
    const all = owners(30);
    const ring = openRing();
    await Promise.all(all.map((owner) => ring.create(owner)));
    const before = await Promise.all(all.map((owner) => ring.load(owner)));
    const rotated = await openRotation().rotate();
    expect(rotated).toEqual({ kekVersion: "2", rewrapped: 30, failed: 0 });
    expect(new Set(await versionsOf(keys, all))).toEqual(new Set(["2"]));
    const restarted = openRing();
    const after = await Promise.all(all.map((owner) => restarted.load(owner)));
    expect(after.map(hex)).toEqual(before.map(hex));
    const [first, second] = await Promise.all([
      secrets.getVersion("kek", "1"),
      secrets.getVersion("kek", "2"),
    ]);
    expect(second?.sizeBytes).toBe(32);
    expect(hex(second?.revealBytes() ?? Buffer.of())).not.toBe(
      hex(first?.revealBytes() ?? Buffer.of()),
    );
  });

  it("a version that an operator set counts too; rewrapping once more finds nothing left", async () => {
    const { keys, secrets, openRing, openRotation } = openStores();
    const [one, two] = owners(2);
    if (!one || !two) throw new Error("no owners");
    await openRing().create(one);
    await secrets.set("kek", Secret.fromBytes(randomBytes(32)));
    await openRing().create(two);
    expect(await versionsOf(keys, [one, two])).toEqual(["1", "2"]);
    const first = await openRotation().rewrapAll();
    expect(first).toEqual({ kekVersion: "2", rewrapped: 1, failed: 0 });
    const again = await openRotation().rewrapAll();
    expect(again).toEqual({ kekVersion: "2", rewrapped: 0, failed: 0 });
  });

  it("a process notices the new version within a minute, and its keys follow as they are used", async () => {
    const { clock, keys, openRing, openRotation } = openStores();
    const [used, late, later] = owners(3);
    if (!used || !late || !later) throw new Error("no owners");
    const ring = openRing();
    await ring.create(used);
    await openRotation().rotate();
    await ring.create(late);
    expect(await versionsOf(keys, [used, late])).toEqual(["2", "1"]);
    clock.advance(60_000);
    await ring.create(later);
    await ring.load(late);
    expect(await versionsOf(keys, [late, later])).toEqual(["2", "2"]);
    expect(await openRotation().rewrapAll()).toMatchObject({ rewrapped: 0 });
  });

  it("beside jobs that create, load and shred, no key is lost and none comes back", async () => {
    const { clock, keys, openRing, openRotation } = openStores();
    const kept = owners(40, "kept");
    const shredded = owners(40, "shredded");
    const made = owners(40, "made");
    const ring = openRing();
    await Promise.all([...kept, ...shredded].map((o) => ring.create(o)));
    const before = await Promise.all(kept.map((owner) => ring.load(owner)));
    clock.advance(60_000);
    await Promise.all([
      openRotation().rotate(),
      openRotation().rotate(),
      ...shredded.map((owner) => ring.shred(owner)),
      ...made.map((owner) => openRing().create(owner)),
      ...kept.map((owner) => ring.load(owner)),
    ]);
    const { kekVersion, failed } = await openRotation().rewrapAll();
    expect({ kekVersion, failed }).toEqual({ kekVersion: "3", failed: 0 });
    expect(new Set(await versionsOf(keys, [...kept, ...made]))).toEqual(
      new Set(["3"]),
    );
    expect(new Set(await versionsOf(keys, shredded))).toEqual(
      new Set(["shredded"]),
    );
    const restarted = openRing();
    const after = await Promise.all(kept.map((owner) => restarted.load(owner)));
    expect(after.map(hex)).toEqual(before.map(hex));
  });

  it("cut off in the middle, all keys open, and the next run does the rest", async () => {
    const { keys, openRing, openRotation } = openStores();
    const all = owners(30);
    const ring = openRing();
    await Promise.all(all.map((owner) => ring.create(owner)));
    let rewraps = 0;
    const dying: KeyStore = {
      ...keys,
      rewrap: async (...parameters) => {
        rewraps += 1;
        if (rewraps > 12) throw new NucleusError("store_unavailable");
        return keys.rewrap(...parameters);
      },
    };
    await expect(openRotation(dying).rotate()).rejects.toMatchObject({
      code: "store_unavailable",
    });
    const versions = await versionsOf(keys, all);
    expect(versions.filter((version) => version === "2")).toHaveLength(12);
    // Those that were under way may end; nothing is begun after the failure.
    expect(rewraps).toBeLessThanOrEqual(12 + 8);
    const restarted = openRing();
    await Promise.all(all.slice(0, 2).map((owner) => restarted.load(owner)));
    const { rewrapped, failed } = await openRotation().rewrapAll();
    expect(failed).toBe(0);
    expect(rewrapped).toBeGreaterThanOrEqual(16);
    expect(new Set(await versionsOf(keys, all))).toEqual(new Set(["2"]));
  });

  it("keys whose version is gone are counted and left, and the others go along", async () => {
    const { folder, keys, secrets, openRing, openRotation } = openStores();
    const [lost, kept] = owners(2);
    if (!lost || !kept) throw new Error("no owners");
    await openRing().create(lost);
    await secrets.set("kek", Secret.fromBytes(randomBytes(32)));
    await openRing().create(kept);
    rmSync(join(folder, "secrets", "kek", "1"));
    const rotated = await openRotation().rotate();
    expect(rotated).toEqual({ kekVersion: "3", rewrapped: 1, failed: 1 });
    expect(await versionsOf(keys, [lost, kept])).toEqual(["1", "3"]);
    await expect(openRing().load(lost)).rejects.toMatchObject({
      code: "configuration_invalid",
    });
  });

  it("a new version that is no key stops making keys and rewrapping; those that there are still open", async () => {
    const { keys, secrets, openRing, openRotation } = openStores();
    const [known, fresh] = owners(2);
    if (!known || !fresh) throw new Error("no owners");
    await openRing().create(known);
    await secrets.set("kek", Secret.fromText("a passphrase"));
    const invalid = { code: "configuration_invalid" };
    const ring = openRing();
    await expect(ring.create(fresh)).rejects.toMatchObject(invalid);
    await expect(openRotation().rewrapAll()).rejects.toMatchObject(invalid);
    expect((await ring.load(known)).byteLength).toBe(32);
    expect(await versionsOf(keys, [known])).toEqual(["1"]);
  });

  it("while the secrets are down, a process opens keys under versions that it has read, and makes none", async () => {
    const { clock, keys, secrets } = openStores();
    const [known, fresh] = owners(2);
    if (!known || !fresh) throw new Error("no owners");
    let isDown = false;
    const ring = createKeyRing({
      keys,
      now: clock.now,
      secrets: {
        ...secrets,
        getOrCreate: async (...parameters) => {
          if (isDown) throw new NucleusError("store_unavailable");
          return secrets.getOrCreate(...parameters);
        },
      },
    });
    await ring.create(known);
    isDown = true;
    clock.advance(60_000);
    expect((await ring.load(known)).byteLength).toBe(32);
    await expect(ring.create(fresh)).rejects.toMatchObject({
      code: "store_unavailable",
    });
  });
});
