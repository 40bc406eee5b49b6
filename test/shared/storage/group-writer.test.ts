import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { createGroupWriter } from "../../../shared/storage/group-writer.ts";
import { openDatabase } from "../../../shared/storage/open-database.ts";
import { createTempFolder } from "../../support/temp-folder.ts";

const migrations = [
  `CREATE TABLE parents (id INTEGER PRIMARY KEY);
   CREATE TABLE children (parent INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)`,
];

function openFamily(waitAtMostMs?: number) {
  const file = join(createTempFolder(), "family.db");
  const database = openDatabase({ file, applicationId: 42, migrations });
  onTestFinished(() => database.close());
  const group = createGroupWriter(database, waitAtMostMs);
  const other = new DatabaseSync(file, { timeout: 0 });
  onTestFinished(() => other.close());
  const add = (id: number): Promise<number> =>
    group.write(() => {
      database.prepare("INSERT INTO parents VALUES (?)").run(id);
      return id;
    });
  const rows = () =>
    Number(other.prepare("SELECT count(*) AS n FROM parents").get()?.["n"]);
  return { database, group, other, add, rows };
}

describe("group writer", () => {
  it("writes of one turn are one commit, and a promise tells of it", async () => {
    const { add, rows, database } = openFamily();
    const seen: unknown[] = [];
    const writes = [1, 2].map(async (id) =>
      seen.push([await add(id), rows(), database.isTransaction]),
    );
    expect(rows()).toBe(0);
    await Promise.all(writes);
    expect(seen).toEqual([
      [1, 2, false],
      [2, 2, false],
    ]);
  });

  it("holds the lock for its statements only: another may write in the same turn", async () => {
    const { add, other, rows } = openFamily();
    const written = add(1);
    other.exec("INSERT INTO parents VALUES (2)");
    await written;
    expect(rows()).toBe(2);
  });

  it("waits for another process without stopping its own", async () => {
    const { add, other, rows } = openFamily();
    other.exec("BEGIN IMMEDIATE; INSERT INTO parents VALUES (9)");
    let isTold = false;
    const writes = Promise.all([add(1), add(2)]).then(() => (isTold = true));
    const startedAt = performance.now();
    await sleep(50);
    expect(performance.now() - startedAt).toBeLessThan(1000);
    expect(isTold).toBe(false);
    const late = add(3);
    other.exec("COMMIT");
    await Promise.all([writes, late]);
    expect(rows()).toBe(4);
  });

  it("gives up when the other keeps the file for too long; the next turn works", async () => {
    const { add, other, rows } = openFamily(30);
    other.exec("BEGIN IMMEDIATE");
    const refused = await Promise.allSettled([add(1), add(2)]);
    expect(refused.map(({ status }) => status)).toEqual([
      "rejected",
      "rejected",
    ]);
    other.exec("ROLLBACK");
    await add(3);
    expect(rows()).toBe(1);
  });

  it("a commit that fails undoes the turn and rejects all of it; the next turn works", async () => {
    const { add, database, group, rows } = openFamily();
    const turn = await Promise.allSettled([
      add(1),
      group.write(() => database.exec("INSERT INTO children VALUES (7)")),
    ]);
    expect(turn.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await add(2);
    expect(rows()).toBe(1);
  });

  it("an operation that throws is refused alone", async () => {
    const { add, group, rows } = openFamily();
    const refused = group.write(() => {
      throw new Error("no");
    });
    const [outcome] = await Promise.allSettled([refused, add(1)]);
    expect(outcome).toMatchObject({ status: "rejected" });
    expect(rows()).toBe(1);
  });

  it("a flush commits what is pending before it returns", async () => {
    const { add, group, rows } = openFamily();
    const written = add(1);
    group.flush();
    expect(rows()).toBe(1);
    expect(await written).toBe(1);
    group.flush();
  });
});
