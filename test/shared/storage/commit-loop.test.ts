import { writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { createCommitLoop } from "../../../shared/storage/commit-loop.ts";
import {
  DatabaseRefused,
  openDatabase,
} from "../../../shared/storage/open-database.ts";
import { createTempFolder } from "../../support/temp-folder.ts";

const migrations = [
  "CREATE TABLE parents (id INTEGER PRIMARY KEY)",
  "CREATE TABLE children (parent INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)",
];

function openFamily(file = join(createTempFolder(), "family.db")) {
  const database = openDatabase({ file, applicationId: 42, migrations });
  onTestFinished(() => database.close());
  const failures: unknown[] = [];
  const loop = createCommitLoop(database, (error) => failures.push(error));
  const other = new DatabaseSync(file);
  onTestFinished(() => other.close());
  const committedRows = () =>
    Number(other.prepare("SELECT count(*) AS n FROM parents").get()?.["n"]);
  return { database, loop, failures, committedRows };
}

describe("commit loop", () => {
  it("writes of one turn are one commit, and nobody is told before it", async () => {
    const { database, loop, committedRows } = openFamily();
    const told: string[] = [];
    loop.write(() => database.exec("INSERT INTO parents VALUES (1)"));
    loop.afterCommit(() => told.push(`first sees ${committedRows()}`));
    loop.write(() => database.exec("INSERT INTO parents VALUES (2)"));
    loop.afterCommit(() => told.push(`second sees ${committedRows()}`));
    expect(committedRows()).toBe(0);
    expect(told).toEqual([]);
    await loop.committed();
    expect(told).toEqual(["first sees 2", "second sees 2"]);
  });

  it("a patient write waits for the next one, and both are one commit", async () => {
    const { database, loop, committedRows } = openFamily();
    loop.write(() => database.exec("INSERT INTO parents VALUES (1)"), true);
    const first = loop.committed();
    await nextTurn();
    expect(committedRows()).toBe(0);
    loop.write(() => database.exec("INSERT INTO parents VALUES (2)"));
    await nextTurn();
    expect(committedRows()).toBe(2);
    await first;
  });

  it("a patient write that nothing follows is committed all the same", async () => {
    const { database, loop, committedRows } = openFamily();
    loop.write(() => database.exec("INSERT INTO parents VALUES (1)"), true);
    await loop.committed();
    expect(committedRows()).toBe(1);
  });

  it("a commit that fails undoes the turn, rejects its waiters, drops its effects; the next turn works", async () => {
    const { database, loop, failures, committedRows } = openFamily();
    let isTold = false;
    loop.write(() =>
      database.exec(
        "INSERT INTO parents VALUES (1); INSERT INTO children VALUES (7)",
      ),
    );
    loop.afterCommit(() => (isTold = true));
    await expect(loop.committed()).rejects.toThrow("FOREIGN KEY");
    expect(failures).toHaveLength(1);
    expect(isTold).toBe(false);
    loop.write(() => database.exec("INSERT INTO parents VALUES (2)"));
    await loop.committed();
    expect(committedRows()).toBe(1);
  });

  it("with nothing pending an effect runs at once, and a flush is nothing", async () => {
    const { loop } = openFamily();
    let isTold = false;
    loop.afterCommit(() => (isTold = true));
    expect(isTold).toBe(true);
    loop.flush();
    await loop.committed();
    await nextTurn();
  });
});

describe("opening a database", () => {
  it("migrates an older file forward and keeps its rows", () => {
    const file = join(createTempFolder(), "family.db");
    const older = openDatabase({
      file,
      applicationId: 42,
      migrations: migrations.slice(0, 1),
    });
    older.exec("INSERT INTO parents VALUES (1)");
    older.close();
    const { database, committedRows } = openFamily(file);
    database.exec("SELECT * FROM children");
    expect(committedRows()).toBe(1);
  });

  it("refuses a newer file, another program's file and a damaged one", () => {
    const file = join(createTempFolder(), "family.db");
    openDatabase({ file, applicationId: 42, migrations }).close();
    const open = (
      applicationId: number,
      newest: readonly string[],
      path = file,
    ) => openDatabase({ file: path, applicationId, migrations: newest });
    expect(() => open(42, migrations.slice(0, 1))).toThrow(DatabaseRefused);
    expect(() => open(43, migrations)).toThrow("not a Nucleus database");
    const damaged = join(createTempFolder(), "damaged.db");
    writeFileSync(damaged, "no database ".repeat(500));
    expect(() => open(42, migrations, damaged)).toThrow(DatabaseRefused);
    expect(() => open(42, migrations, createTempFolder())).toThrow(
      DatabaseRefused,
    );
  });
});
