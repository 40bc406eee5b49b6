import { statSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, it, onTestFinished, vi } from "vitest";
import { createCommitLoop } from "../../../shared/storage/commit-loop.ts";
import { openDatabase } from "../../../shared/storage/open-database.ts";
import { createSpaceKeeper } from "../../../shared/storage/space-keeper.ts";
import { createTempFolder } from "../../support/temp-folder.ts";

const notes = {
  applicationId: 42,
  migrations: ["CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)"],
};

function openNotes(file: string, canShrink: boolean) {
  const database = openDatabase({ ...notes, file, canShrink });
  onTestFinished(() => {
    if (database.isOpen) database.close();
  });
  const loop = createCommitLoop(database, (error) => {
    throw error;
  });
  return { database, loop, keeper: createSpaceKeeper(database, loop) };
}

function fill(database: ReturnType<typeof openDatabase>, rows: number): void {
  const insert = database.prepare("INSERT INTO notes (text) VALUES (?)");
  database.exec("BEGIN");
  for (let row = 0; row < rows; row += 1) insert.run("n".repeat(1000));
  database.exec("COMMIT");
}

it("gives back what deleted rows took, step by step, and keeps the others", async () => {
  const file = join(createTempFolder(), "notes.db");
  const { database, loop, keeper } = openNotes(file, true);
  fill(database, 20_000);
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  const full = statSync(file).size;
  expect(keeper.step()).toBe(false);
  database.exec("DELETE FROM notes WHERE id % 10 <> 0");
  database.exec("DELETE FROM notes WHERE id < 15000");
  let steps = 1;
  while (keeper.step()) {
    steps += 1;
    await loop.committed();
  }
  await loop.committed();
  expect(steps).toBeGreaterThan(10);
  expect(statSync(file).size).toBeLessThan(full / 2);
  expect(
    database.prepare("SELECT count(*) AS n FROM notes").get(),
  ).toMatchObject({ n: 501 });
  expect(database.prepare("PRAGMA integrity_check").get()).toMatchObject({
    integrity_check: "ok",
  });
});

it("looks by itself from time to time, until it is stopped", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const file = join(createTempFolder(), "notes.db");
  const { database, keeper } = openNotes(file, true);
  const pages = (): unknown =>
    database.prepare("PRAGMA page_count").get()?.["page_count"];
  const letTimePass = async (): Promise<void> => {
    for (let second = 0; second < 10; second += 1) {
      vi.advanceTimersByTime(1000);
      await nextTurn();
    }
  };
  keeper.start();
  for (const expected of [true, false]) {
    fill(database, 5000);
    const before = Number(pages());
    database.exec("DELETE FROM notes");
    await letTimePass();
    expect(Number(pages()) < before / 2).toBe(expected);
    keeper.stop();
  }
});

it("an older small file can shrink once it is opened so; one that cannot is left alone", () => {
  const file = join(createTempFolder(), "notes.db");
  const older = openNotes(file, false);
  fill(older.database, 2000);
  older.database.exec("DELETE FROM notes");
  expect(older.keeper.step()).toBe(false);
  older.database.close();
  openNotes(file, true).database.close();
  expect(statSync(file).size).toBeLessThan(64 * 1024);
});

it("the WAL is cut back after a reader has kept it from being written back", () => {
  const file = join(createTempFolder(), "notes.db");
  const { database } = openNotes(file, true);
  const reader = openNotes(file, true).database;
  reader.exec("BEGIN; SELECT count(*) FROM notes");
  reader.prepare("SELECT count(*) FROM notes").get();
  fill(database, 25_000);
  expect(statSync(`${file}-wal`).size).toBeGreaterThan(20 * 1024 * 1024);
  reader.exec("COMMIT");
  database.exec("PRAGMA wal_checkpoint(PASSIVE)");
  fill(database, 1);
  expect(statSync(`${file}-wal`).size).toBeLessThanOrEqual(16 * 1024 * 1024);
});
