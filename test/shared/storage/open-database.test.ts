import { execFile } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import {
  DatabaseRefused,
  openDatabase,
} from "../../../shared/storage/open-database.ts";
import { createTempFolder } from "../../support/temp-folder.ts";

const pageBytes = 4096;
const options = {
  applicationId: 42,
  migrations: ["CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)"],
};

/** A closed database of some pages. */
function makeDatabase(): string {
  const file = join(createTempFolder(), "notes.db");
  const database = openDatabase({ ...options, file });
  const insert = database.prepare("INSERT INTO notes (text) VALUES (?)");
  for (let note = 0; note < 100; note += 1) insert.run("n".repeat(500));
  database.close();
  return file;
}

/** A database as a killed process leaves it: its rows are in the WAL, one commit each. */
function makeDatabaseWithWal(): string {
  const source = join(createTempFolder(), "notes.db");
  const file = join(createTempFolder(), "notes.db");
  const database = openDatabase({ ...options, file: source });
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  const insert = database.prepare("INSERT INTO notes (text) VALUES (?)");
  for (let note = 0; note < 8; note += 1) insert.run("n".repeat(500));
  copyFileSync(source, file);
  copyFileSync(`${source}-wal`, `${file}-wal`);
  database.close();
  return file;
}

function flip(file: string, at: number, bytes = 16): void {
  const content = readFileSync(file);
  for (let index = at; index < at + bytes; index += 1)
    content[index] = (content[index] ?? 0) ^ 0xff;
  writeFileSync(file, content);
}

/** The refusal's message; the file, and what lies beside it, are left as they were. */
function refusalOf(file: string): string {
  // A look at a database in WAL mode makes an empty WAL.
  const read = (path: string): string =>
    existsSync(path) ? readFileSync(path, "latin1") : "";
  const before = [read(file), read(`${file}-wal`)];
  let refusal: unknown;
  try {
    openDatabase({ ...options, file, isSoleUser: true }).close();
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toBeInstanceOf(DatabaseRefused);
  expect([read(file), read(`${file}-wal`)]).toEqual(before);
  const { message } = refusal as DatabaseRefused;
  expect(message).toContain(file);
  expect(message).not.toContain("\n");
  return message;
}

describe("a file that is no whole database is refused in one line, and left as it is", () => {
  it.each([
    ["a text file", "no database ".repeat(500)],
    ["a file of few bytes", "x"],
  ])("%s", (_, content) => {
    const file = join(createTempFolder(), "notes.db");
    writeFileSync(file, content);
    expect(refusalOf(file)).toMatch(/is not a database.*move it away/);
  });

  it("another program's database", () => {
    const file = join(createTempFolder(), "other.db");
    const other = new DatabaseSync(file);
    other.exec("PRAGMA journal_mode = WAL; CREATE TABLE others (id)");
    expect(refusalOf(file)).toContain("is not a Nucleus database");
    other.close();
    expect(refusalOf(file)).toContain("is not a Nucleus database");
  });

  it("one with a damaged header", () => {
    const file = makeDatabase();
    flip(file, 0);
    expect(refusalOf(file)).toContain("its beginning is damaged");
    flip(file, 0);
    flip(file, 16, 4);
    expect(refusalOf(file)).toMatch(/is damaged.*Restore it from a backup/);
  });

  it("one whose schema is damaged", () => {
    const file = makeDatabase();
    flip(file, 100, 32);
    expect(refusalOf(file)).toContain("is damaged");
  });

  it("one that was cut off", () => {
    const file = makeDatabase();
    truncateSync(file, 5 * pageBytes);
    expect(refusalOf(file)).toContain("is damaged");
    truncateSync(file, 300);
    expect(refusalOf(file)).toContain("is damaged");
  });

  it("an empty one beside a WAL that is not", () => {
    const file = makeDatabaseWithWal();
    truncateSync(file, 0);
    expect(refusalOf(file)).toContain("it was cut off");
  });

  it("a newer program's", () => {
    const file = makeDatabase();
    const newer = new DatabaseSync(file);
    newer.exec("PRAGMA user_version = 7");
    newer.close();
    expect(refusalOf(file)).toMatch(
      /schema version 7, this program knows up to 1\. Run the newer program/,
    );
  });
});

it("a folder in the file's place is refused", () => {
  const folder = join(createTempFolder(), "notes.db");
  mkdirSync(folder);
  expect(() => openDatabase({ ...options, file: folder })).toThrow(
    `${folder} is not a file`,
  );
});

it("an empty file is a new database, as a start that was interrupted leaves it", () => {
  const file = join(createTempFolder(), "notes.db");
  writeFileSync(file, "");
  const database = openDatabase({ ...options, file, isSoleUser: true });
  expect(database.prepare("SELECT * FROM notes").all()).toEqual([]);
  database.close();
});

describe("a file that this user may not use is refused", () => {
  const program = `
    import { openDatabase } from ${JSON.stringify(new URL("../../../shared/storage/open-database.ts", import.meta.url).href)};
    if (process.getuid() === 0) process.setuid(65534);
    try {
      openDatabase({ file: process.argv[1], applicationId: 42, migrations: [] });
    } catch (error) {
      console.log(error.name + ": " + error.message);
    }`;
  const openAsUser = async (file: string): Promise<string> =>
    (
      await promisify(execFile)(process.execPath, [
        "--input-type=module",
        "--eval",
        program,
        file,
      ])
    ).stdout;

  it.each([
    ["one that it may not read", 0o000],
    ["one that it may only read", 0o444],
  ])("%s", async (_, mode) => {
    const file = makeDatabase();
    chmodSync(join(file, ".."), 0o777);
    chmodSync(file, mode);
    expect(await openAsUser(file)).toMatch(
      /^DatabaseRefused: .*notes\.db cannot be read and written by this user \(EACCES\)/,
    );
  });

  it("one in a folder that it may not write", async () => {
    const file = makeDatabase();
    chmodSync(file, 0o666);
    chmodSync(join(file, ".."), 0o555);
    expect(await openAsUser(file)).toContain("by this user (EACCES)");
    chmodSync(join(file, ".."), 0o755);
  });
});

describe("the WAL that a killed process left", () => {
  const countNotes = (file: string): unknown => {
    const database = openDatabase({ ...options, file, isSoleUser: true });
    const row = database.prepare("SELECT count(*) AS n FROM notes").get();
    database.close();
    return row?.["n"];
  };
  const walBytes = (file: string): number => readFileSync(`${file}-wal`).length;

  it("is taken up", () => {
    expect(countNotes(makeDatabaseWithWal())).toBe(8);
  });

  it("is taken up without its last commit, which a power loss may have torn", () => {
    const file = makeDatabaseWithWal();
    flip(`${file}-wal`, walBytes(file) - 64);
    expect(countNotes(file)).toBe(7);
    const cut = makeDatabaseWithWal();
    truncateSync(`${cut}-wal`, walBytes(cut) - 64);
    expect(countNotes(cut)).toBe(7);
  });

  it.each([
    ["its first page is damaged", 100],
    ["a frame's header is damaged", 32],
    ["its own header is damaged", 16],
  ])("refuses the database when synced commits are lost: %s", (_, at) => {
    const file = makeDatabaseWithWal();
    flip(`${file}-wal`, at, 1);
    expect(refusalOf(file)).toMatch(
      /notes\.db-wal is damaged: commits in it cannot be read/,
    );
  });

  it("is no matter when it holds what an earlier one has left behind", () => {
    const file = makeDatabaseWithWal();
    // A new WAL over the old one, shorter than it: its end is of an earlier generation.
    const database = openDatabase({ ...options, file });
    database.exec("PRAGMA wal_checkpoint(RESTART)");
    database.exec("INSERT INTO notes (text) VALUES ('one more')");
    const copy = join(createTempFolder(), "notes.db");
    copyFileSync(file, copy);
    copyFileSync(`${file}-wal`, `${copy}-wal`);
    database.close();
    expect(countNotes(copy)).toBe(9);
  });
});
