import type { DatabaseSync } from "node:sqlite";
import type { Now } from "../../kernel/clock.ts";
import {
  maxWrappedBytes,
  type KeyState,
  type WrappedKey,
} from "../key-store.ts";
import { toVaultOwner, type VaultOwner } from "../vault-object.ts";

/** The key store's rows, inside an open transaction (reads may be outside). Its caller holds W1 to W3. */
export interface KeyTable {
  create(owner: VaultOwner, key: WrappedKey): "created" | "exists" | "shredded";
  read(owner: VaultOwner): KeyState | undefined;
  /** Whether the owner's key was wrapped under `from` and now is `key`. */
  rewrap(owner: VaultOwner, from: string, key: WrappedKey): boolean;
  shred(owner: VaultOwner): void;
  /** Owners of live keys under another version, in their order, some at a time: those that come after `after`. */
  underOtherVersions(
    kekVersion: string,
    after: VaultOwner | undefined,
  ): readonly VaultOwner[];
}

export interface KeyTableOptions {
  readonly now: Now;
  readonly tombstoneTtlMs: number;
}

const fadeAtMost = 500;
const listAtMost = 500;

export function createKeyTable(
  database: DatabaseSync,
  { now, tombstoneTtlMs }: KeyTableOptions,
): KeyTable {
  const slots = createSlots(database);
  const { locate, put, fade } = createOwners(database, now);
  const others = database.prepare(
    `SELECT owner, purpose FROM owners
     WHERE kek_version <> ? AND (owner, purpose) > (?, ?) ORDER BY owner, purpose LIMIT ${listAtMost}`,
  );

  return {
    create({ owner, purpose }, { wrapped, kekVersion }) {
      const found = locate({ owner, purpose });
      if (found) return found === "shredded" ? "shredded" : "exists";
      put.run(owner, purpose, slots.fill(wrapped), kekVersion, null);
      return "created";
    },

    read(owner) {
      const found = locate(owner);
      if (!found) return undefined;
      if (found === "shredded") return { state: "shredded" };
      const { wrapped, kekVersion } = found;
      return { state: "live", wrapped, kekVersion };
    },

    rewrap({ owner, purpose }, from, { wrapped, kekVersion }) {
      const found = locate({ owner, purpose });
      if (!found || found === "shredded" || found.kekVersion !== from) {
        return false;
      }
      slots.overwrite(found.slot, wrapped);
      put.run(owner, purpose, found.slot, kekVersion, null);
      return true;
    },

    shred({ owner, purpose }) {
      fade.run(now());
      const found = locate({ owner, purpose });
      if (found === "shredded") return;
      if (found) slots.clear(found.slot);
      put.run(owner, purpose, null, null, now() + tombstoneTtlMs);
    },

    underOtherVersions: (kekVersion, after) =>
      others
        .all(kekVersion, after?.owner ?? "", after?.purpose ?? "")
        .flatMap((row) => {
          const owner = toVaultOwner(
            String(row["owner"]),
            String(row["purpose"]),
          );
          return owner ? [owner] : [];
        }),
  };
}

type Located = "shredded" | ({ readonly slot: number } & WrappedKey);

/** Who has a key, in which slot, and who had one. */
function createOwners(database: DatabaseSync, now: Now) {
  const find = database.prepare(
    `SELECT slot, kek_version, bytes FROM owners LEFT JOIN slots USING (slot)
     WHERE owner = ? AND purpose = ? AND (tombstone_until IS NULL OR tombstone_until > ?)`,
  );
  const put = database.prepare(
    `INSERT INTO owners (owner, purpose, slot, kek_version, tombstone_until) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET slot = excluded.slot, kek_version = excluded.kek_version, tombstone_until = excluded.tombstone_until`,
  );
  const fade = database.prepare(
    `DELETE FROM owners WHERE (owner, purpose) IN
       (SELECT owner, purpose FROM owners WHERE tombstone_until <= ? LIMIT ${fadeAtMost})`,
  );

  const locate = ({ owner, purpose }: VaultOwner): Located | undefined => {
    const row = find.get(owner, purpose, now());
    if (!row) return undefined;
    const bytes = row["bytes"];
    if (!(bytes instanceof Uint8Array)) return "shredded";
    return {
      slot: Number(row["slot"]),
      wrapped: fromSlot(bytes),
      kekVersion: String(row["kek_version"]),
    };
  };

  return { locate, put, fade };
}

/** A slot is one length byte, the wrapped key, zeros. */
const slotBytes = 1 + maxWrappedBytes;

function toSlot(wrapped: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(slotBytes);
  bytes[0] = wrapped.byteLength;
  bytes.set(wrapped, 1);
  return bytes;
}

function fromSlot(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(1, 1 + (bytes[0] ?? 0));
}

/** Rows of one size that are overwritten, zeroed and used again, never deleted or resized (W1). */
function createSlots(database: DatabaseSync) {
  const append = database.prepare(
    "INSERT INTO slots (bytes) VALUES (?) RETURNING slot",
  );
  const set = database.prepare("UPDATE slots SET bytes = ? WHERE slot = ?");
  const release = database.prepare("INSERT INTO free_slots (slot) VALUES (?)");
  const take = database.prepare(
    "DELETE FROM free_slots WHERE slot = (SELECT min(slot) FROM free_slots) RETURNING slot",
  );

  return {
    fill(wrapped: Uint8Array): number {
      const free = take.get()?.["slot"];
      if (free === undefined) {
        return Number(append.get(toSlot(wrapped))?.["slot"]);
      }
      set.run(toSlot(wrapped), free);
      return Number(free);
    },
    overwrite: (slot: number, wrapped: Uint8Array): void =>
      void set.run(toSlot(wrapped), slot),
    clear(slot: number): void {
      set.run(new Uint8Array(slotBytes), slot);
      release.run(slot);
    },
  };
}
