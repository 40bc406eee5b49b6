import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { lockHome } from "../../local/host/lock-home.ts";
import { openTaskHub } from "../../local/host/open-task-hub.ts";
import {
  addInstances,
  openHubFile,
} from "../local/durable/support/hub-file.ts";
import { createTempFolder } from "../support/temp-folder.ts";

const root = resolve(import.meta.dirname, "../..");

/** Runs `nucleus …` from its source, in the folder of the app that it is about. */
function nucleus(folder: string, ...args: string[]) {
  return new Promise<{ code: unknown; stdout: string; stderr: string }>(
    (done) => {
      execFile(
        process.execPath,
        [join(root, "cli/nucleus.ts"), ...args],
        { cwd: folder, env: { ...process.env, NUCLEUS_HOME: "" } },
        (error, stdout, stderr) =>
          done({ code: error === null ? 0 : error.code, stdout, stderr }),
      );
    },
  );
}

const hub = (folder: string, ...args: string[]) =>
  nucleus(folder, "hub", ...args);

/** An app's folder, and its hub's file with 300 instances. */
function makeHub(): { folder: string; file: string } {
  const folder = createTempFolder();
  mkdirSync(join(folder, ".nucleus"));
  const file = join(folder, ".nucleus/runtime.db");
  const database = openHubFile(file);
  const createdAt = Date.parse("2026-01-01T00:00:00Z");
  const added = { count: 200, status: "Completed", prefix: "done-", createdAt };
  addInstances(database, added);
  addInstances(database, {
    ...added,
    count: 100,
    status: "Running",
    prefix: "live-",
  });
  database
    .prepare(
      `UPDATE th_instance SET name = 'long', input = '"a secret"' WHERE id = 'done-0000007'`,
    )
    .run();
  database
    .prepare(
      `UPDATE th_history SET events = json_object('Text', hex(zeroblob(50000)))
       WHERE position = (SELECT key FROM th_instance WHERE name = 'long') * 2097152`,
    )
    .run();
  database.close();
  return { folder, file };
}

test("stats tells what the hub holds, beside a host that has it open", async () => {
  const { folder, file } = makeHub();
  const open = openTaskHub(file, () => undefined);
  const { code, stdout } = await hub(folder, "stats", "--largest", "2");
  await open.close();
  expect(code).toBe(0);
  expect(stdout).toContain("300, Completed 200, Running 100");
  expect(stdout).toMatch(
    /median 1\.2 KiB, p99 1\.2 KiB, greatest 98\.5 KiB of 300/,
  );
  expect(stdout).toMatch(
    /98\.5 KiB {2}3 turns {2}Completed {2}long {2}done-0000007\n/,
  );
  expect(stdout).not.toContain("secret");
});

test("stats --json names the same, and reads a hub of an earlier schema", async () => {
  const { folder } = makeHub();
  const earlier = createTempFolder();
  mkdirSync(join(earlier, ".nucleus"));
  openHubFile(join(earlier, ".nucleus/runtime.db"), 1).close();
  const newest = await hub(folder, "stats", "--json");
  expect(JSON.parse(newest.stdout)).toMatchObject({
    instances: { Completed: 200, Running: 100 },
    history: { measured: 300, median: 1233, largest: [] },
    canShrink: true,
  });
  const { stdout } = await hub(
    folder,
    "stats",
    "--json",
    "--script-root",
    earlier,
  );
  expect(JSON.parse(stdout)).toMatchObject({ schemaVersion: 1, instances: {} });
});

test("check reads the whole file: whole, or damaged with exit code 1", async () => {
  const { folder, file } = makeHub();
  expect(await hub(folder, "check")).toMatchObject({
    code: 0,
    stdout: `${file} is whole.\n`,
  });
  const database = openHubFile(file);
  database.exec("INSERT INTO th_message VALUES (1, 1, NULL, '{')");
  database.close();
  expect((await hub(folder, "check")).stderr).toContain(
    `${file} is damaged: a waiting message cannot be read.`,
  );
  const content = readFileSync(file);
  content.fill(0xff, content.length - 3 * 4096, content.length - 2 * 4096);
  writeFileSync(file, content);
  const { code, stdout, stderr } = await hub(folder, "check");
  expect(code).toBe(1);
  expect(stdout).not.toBe("");
  expect(stderr).toContain(`${file} is damaged. Restore it from a backup`);
});

test("compact makes a file of an earlier program small and able to shrink, and refuses one in use", async () => {
  const { folder, file } = makeHub();
  const older = new DatabaseSync(file);
  older.exec("PRAGMA auto_vacuum = NONE; VACUUM");
  older.close();
  const database = new DatabaseSync(file);
  database.exec(
    "DELETE FROM th_history WHERE position / 2097152 NOT IN (SELECT key FROM th_instance WHERE status = 'Running'); DELETE FROM th_instance WHERE status <> 'Running'",
  );
  database.close();
  const before = statSync(file).size;
  const unlock = lockHome(join(folder, ".nucleus"));
  const refused = await hub(folder, "compact");
  unlock();
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toContain(`in use by process ${process.pid}`);
  expect(statSync(file).size).toBe(before);
  expect(await hub(folder, "compact")).toMatchObject({ code: 0, stderr: "" });
  expect(statSync(file).size).toBeLessThan(before * 0.7);
  const { stdout } = await hub(folder, "stats", "--json");
  expect(JSON.parse(stdout)).toMatchObject({
    canShrink: true,
    instances: { Running: 100 },
    bytes: { free: 0 },
  });
});

test("without a hub, or without an action, it says what is missing", async () => {
  const folder = createTempFolder();
  const missing = await hub(folder, "stats");
  expect(missing.code).toBe(1);
  expect(missing.stderr).toMatch(
    /^nucleus: There is no task hub at .*runtime\.db\. Say where/,
  );
  expect((await hub(folder)).stderr).toContain("stats, check and compact");
  expect((await hub(folder, "stats", "--largest", "x")).code).toBe(2);
});

test("host start refuses a damaged hub in one line, and leaves it as it is", async () => {
  const { folder, file } = makeHub();
  writeFileSync(join(folder, "host.json"), '{ "version": "2.0" }');
  writeFileSync(join(folder, "package.json"), '{ "main": "index.js" }');
  const content = readFileSync(file).fill(0xff, 100, 200);
  writeFileSync(file, content);
  const { code, stderr } = await nucleus(
    folder,
    "host",
    "start",
    "--port",
    "0",
  );
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^nucleus: \S+runtime\.db is damaged \(.+\)\. Restore it .+\n$/,
  );
  expect(readFileSync(file)).toEqual(content);
});
