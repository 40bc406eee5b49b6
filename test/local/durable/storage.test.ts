import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";

import { describe, expect, onTestFinished, test } from "vitest";

import { createEntityStore } from "../../../local/durable/entities/entity-store.ts";
import { listInstances } from "../../../local/durable/list-instances.ts";
import { purgeBy } from "../../../local/durable/purge-instances.ts";
import { taskHubMigrations } from "../../../local/durable/schema.ts";
import { createTaskHubStore } from "../../../local/durable/task-hub-store.ts";
import { openTaskHub } from "../../../local/host/open-task-hub.ts";
import { createCommitLoop } from "../../../shared/storage/commit-loop.ts";
import { DatabaseRefused } from "../../../shared/storage/open-database.ts";
import { createTempFolder } from "../../support/temp-folder.ts";
import { addInstances, openHubFile } from "./support/hub-file.ts";
import { createSdkApp, df } from "./support/sdk-worker.ts";
import { openTestHub, startTime, type TestHub } from "./support/test-hub.ts";

const app = createSdkApp(() => {
  df.app.activity("echo", { handler: (value: unknown) => value });
  df.app.orchestration("waitFor", function* (context) {
    const first: unknown = yield context.df.callActivity("echo", "before");
    const value: unknown = yield context.df.waitForExternalEvent("go");
    const last: unknown = yield context.df.callActivity("echo", "after");
    return [first, value, last];
  });
  df.app.orchestration("waitTwice", function* (context) {
    const said: unknown = yield context.df.waitForExternalEvent("first");
    if (typeof said === "string") context.df.setCustomStatus(said);
    yield context.df.waitForExternalEvent("second");
  });
});

function newFile(): string {
  return join(createTempFolder(), "runtime.db");
}

function openFilled(file = newFile()) {
  const database = openHubFile(file);
  onTestFinished(() => {
    if (database.isOpen) database.close();
  });
  return { database, store: createTaskHubStore(database) };
}

describe("schema versions", () => {
  /** A hub with one waiting instance, as a program of that version left it. */
  const writeAs = async (version: number): Promise<string> => {
    const newest = newFile();
    const hub = openTestHub(app, { file: newest });
    await hub.start("waitFor", undefined, "waiting");
    await hub.settle();
    hub.close();
    const file = newFile();
    const older = openHubFile(file, version);
    older.prepare("ATTACH ? AS newest").run(newest);
    for (const table of ["th_instance", "th_history", "th_message"])
      older.exec(`INSERT INTO ${table} SELECT * FROM newest.${table}`);
    older.close();
    return file;
  };

  test.each(taskHubMigrations.map((_, index) => index + 1))(
    "a hub of version %i opens, and its instances go on",
    async (version) => {
      const file = await writeAs(version);
      await openTaskHub(file, () => undefined).close();
      const hub = openTestHub(app, { file });
      await hub.raise("waiting", "go", 7);
      expect(await hub.finish("waiting")).toMatchObject({
        status: "Completed",
        output: ["before", 7, "after"],
      });
      hub.close();
    },
  );

  test("a hub of a newer version is refused, saying what to do", () => {
    const file = newFile();
    openHubFile(file).close();
    const newer = new DatabaseSync(file);
    newer.exec(`PRAGMA user_version = ${taskHubMigrations.length + 1}`);
    newer.close();
    expect(() => openTaskHub(file, () => undefined)).toThrow(
      /runtime\.db has schema version \d+, this program knows up to \d+\. Run the newer program, or choose another NUCLEUS_HOME\.$/,
    );
  });
});

describe("a damaged hub", () => {
  const damaged = async (sql: string): Promise<string> => {
    const file = newFile();
    const hub = openTestHub(app, { file });
    await hub.start("waitFor", undefined, "waiting");
    await hub.settle();
    hub.database.exec(sql);
    hub.close();
    return file;
  };

  test.each([
    ["history of an unfinished", "UPDATE th_history SET events = 'no events'"],
    ["history of an unfinished", "UPDATE th_history SET inputs = '{'"],
    ["unfinished instance", "UPDATE th_instance SET parent = '?'"],
    ["waiting message", "INSERT INTO th_message VALUES (1, 1, NULL, '{')"],
    [
      "entity's waiting message",
      "INSERT INTO th_entity_message VALUES (1, '@a@b', NULL, '{')",
    ],
  ])("is refused when it cannot be taken up: %s (%s)", async (what, sql) => {
    const file = await damaged(sql);
    const before = readFileSync(file);
    expect(() => openTaskHub(file, () => undefined)).toThrow(DatabaseRefused);
    expect(() => openTaskHub(file, () => undefined)).toThrow(what);
    expect(readFileSync(file)).toEqual(before);
  });

  test("what has finished is not looked at when it opens", async () => {
    const file = await damaged(
      "UPDATE th_instance SET status = 'Completed'; UPDATE th_history SET events = 'no events'",
    );
    const hub = openTaskHub(file, () => undefined);
    expect(
      createTaskHubStore(hub.database).findInstance("waiting"),
    ).toBeDefined();
    await hub.close();
  });

  test("a page that cannot be read ends the process with one line", async () => {
    const file = newFile();
    const { database } = openFilled(file);
    addInstances(database, {
      count: 2000,
      status: "Completed",
      prefix: "done-",
      createdAt: 0,
    });
    const [page] = database
      .prepare(
        "SELECT pageno FROM dbstat WHERE name = 'th_instance' AND pagetype = 'leaf' LIMIT 1 OFFSET 10",
      )
      .all();
    database.close();
    const content = readFileSync(file);
    const at = (Number(page?.["pageno"]) - 1) * 4096;
    content.fill(0xff, at, at + 4096);
    writeFileSync(file, content);
    const url = (path: string): string =>
      JSON.stringify(new URL(`../../../local/${path}`, import.meta.url).href);
    const program = `
      import { openTaskHub } from ${url("host/open-task-hub.ts")};
      import { createTaskHubStore } from ${url("durable/task-hub-store.ts")};
      const log = (level, event, fields) => console.log(JSON.stringify({ level, event, ...fields }));
      const store = createTaskHubStore(openTaskHub(process.argv[1], log).database);
      console.log("open");
      for (let n = 0; n < 2000; n += 1) {
        try { store.readInstance(n + 1); } catch { console.log("went on"); }
      }
      console.log("all read");`;
    const ended = promisify(execFile)(process.execPath, [
      "--input-type=module",
      "--eval",
      program,
      file,
    ]);
    const failure = (await ended.catch((error: unknown) => error)) as {
      code: number;
      stdout: string;
    };
    expect(failure.code).toBe(1);
    const [first, line = "{}", ...rest] = failure.stdout.trim().split("\n");
    expect(first).toBe("open");
    expect(rest).toEqual([]);
    expect(JSON.parse(line)).toMatchObject({
      level: "critical",
      message: expect.stringMatching(
        /^runtime\.db is damaged .*Restore it from a backup/,
      ) as string,
    });
  });
});

describe("the time of the last turn", () => {
  const laterMs = startTime + 5000;
  const runTurnLater = async (file: string, said: string | number) => {
    const hub = openTestHub(app, { file });
    await hub.start("waitTwice", undefined, "waiting");
    await hub.settle();
    hub.clock.advanceTo(laterMs);
    await hub.raise("waiting", "first", said);
    await hub.settle();
    return hub;
  };
  const storedTime = ({ database }: TestHub): unknown =>
    database.prepare("SELECT updated_at FROM th_instance").get()?.[
      "updated_at"
    ];
  const expectShown = (hub: TestHub, customStatus: string | undefined) => {
    const expected = { updatedAt: laterMs, status: "Running", customStatus };
    expect(hub.record("waiting")).toMatchObject(expected);
    const { instances } = hub.engine.client.list({}, { top: 10 });
    expect(instances).toMatchObject([expected]);
  };

  test("is in the status, in lists and after a restart, although the instance's row is not written for it", async () => {
    const file = newFile();
    const hub = await runTurnLater(file, 7);
    expect(storedTime(hub)).toBe(startTime);
    expectShown(hub, undefined);
    hub.close();
    const next = openTestHub(app, { file });
    expectShown(next, undefined);
    next.close();
  });

  test("is written with a custom status that has changed", async () => {
    const file = newFile();
    const hub = await runTurnLater(file, "halfway");
    expect(storedTime(hub)).toBe(laterMs);
    hub.close();
    const next = openTestHub(app, { file });
    expectShown(next, '"halfway"');
    next.close();
  });
});

describe("query plans", () => {
  test("no statement reads through a table, but for what has to be read whole at the start", () => {
    const database = openHubFile(":memory:");
    const statements: string[] = [];
    const prepare = database.prepare.bind(database);
    database.prepare = (sql, ...rest) => {
      statements.push(sql);
      return prepare(sql, ...rest);
    };
    createTaskHubStore(database);
    createEntityStore(database);
    const slow = statements.flatMap((sql) =>
      prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all()
        .map((row) => String(row["detail"]))
        .filter((detail) => !detail.startsWith("SEARCH")),
    );
    expect(slow.toSorted()).toEqual([
      // Entities' messages and messages, at the start.
      "SCAN th_entity_message",
      // Counts by status, which nothing but the statistics asks for.
      "SCAN th_instance USING COVERING INDEX th_instance_status_created",
      "SCAN th_message",
      // The few entities that one orchestration holds, by ID.
      "USE TEMP B-TREE FOR ORDER BY",
    ]);
  });
});

describe("lists", () => {
  const all = (
    store: ReturnType<typeof createTaskHubStore>,
    filter: Parameters<typeof listInstances>[1],
    top: number,
  ) => {
    const ids: string[] = [];
    let pages = 0;
    let continuationToken: string | undefined;
    do {
      const page = listInstances(store, filter, { top, continuationToken });
      ids.push(...page.instances.map(({ id }) => id));
      pages += 1;
      continuationToken = page.continuationToken;
    } while (continuationToken !== undefined);
    return { ids, pages };
  };

  test("pages of several statuses, also of instances of one moment, hold each instance once", () => {
    const { database, store } = openFilled();
    const common = { count: 30, createdAt: 1000 };
    addInstances(database, { ...common, status: "Running", prefix: "a" });
    addInstances(database, { ...common, status: "Completed", prefix: "b" });
    database.exec("UPDATE th_instance SET created_at = 1000 WHERE key % 2");
    const { ids } = all(store, {}, 7);
    expect(ids).toHaveLength(60);
    expect(new Set(ids).size).toBe(60);
    const some = all(
      store,
      { statuses: ["Completed"], createdFrom: 1005, createdTo: 1015 },
      3,
    );
    expect(some.ids).toEqual(
      [5, 7, 9, 11, 13, 15].map((n) => `b${String(n).padStart(7, "0")}`),
    );
  });

  test("a page of a prefix looks at a limited number of instances, and says where it stopped", () => {
    const { database, store } = openFilled();
    const common = { count: 6000, createdAt: 0 };
    addInstances(database, { ...common, status: "Completed", prefix: "in-" });
    addInstances(database, { ...common, status: "Failed", prefix: "out-" });
    database.exec(
      "UPDATE th_instance SET status = 'Failed' WHERE id IN ('in-0000003', 'in-0005999')",
    );
    const found = all(
      store,
      { statuses: ["Failed"], instanceIdPrefix: "in-" },
      100,
    );
    expect(found.ids).toEqual(["in-0000003", "in-0005999"]);
    expect(found.pages).toBeGreaterThan(2);
    const first = all(store, { instanceIdPrefix: "in-000000" }, 4);
    expect(first.ids).toHaveLength(10);
    expect(all(store, { instanceIdPrefix: "IN-" }, 4).ids).toEqual([]);
  });

  test("an unreadable token starts from the beginning", () => {
    const { database, store } = openFilled();
    const added = { count: 3, createdAt: 0, status: "Running", prefix: "a" };
    addInstances(database, added);
    for (const continuationToken of ["?", "bnVsbA", "eyJrZXkiOiJ4In0"])
      expect(
        listInstances(store, {}, { top: 9, continuationToken }).instances,
      ).toHaveLength(3);
  });
});

describe("purge with a filter", () => {
  test("is many small commits, between which others come to turn", async () => {
    const { database, store } = openFilled();
    const common = { count: 5000, createdAt: 0 };
    addInstances(database, { ...common, status: "Completed", prefix: "done-" });
    addInstances(database, { ...common, status: "Running", prefix: "live-" });
    let commits = 0;
    const plain = createCommitLoop(database, (error) => {
      throw error;
    });
    const loop = {
      ...plain,
      committed: () => {
        commits += 1;
        return plain.committed();
      },
    };
    let turns = 0;
    let isDone = false;
    const turn = (): void => {
      turns += 1;
      if (!isDone) setImmediate(turn);
    };
    turn();
    const purged = await purgeBy({ store, loop }, { createdFrom: 0 });
    isDone = true;
    expect(purged).toBe(5000);
    expect(commits).toBeGreaterThanOrEqual(10);
    expect(turns).toBeGreaterThanOrEqual(commits);
    expect(store.countByStatus()).toEqual({ Running: 5000 });
    expect(
      database.prepare("SELECT count(*) AS n FROM th_history").get(),
    ).toMatchObject({ n: 15_000 });
  });

  test("leaves an instance that was replaced meanwhile", async () => {
    const { database, store } = openFilled();
    const loop = createCommitLoop(database, (error) => {
      throw error;
    });
    const added = { count: 600, createdAt: 0, status: "Failed", prefix: "a" };
    addInstances(database, added);
    const purging = purgeBy({ store, loop }, { instanceIdPrefix: "a" });
    database.exec("UPDATE th_instance SET status = 'Running' WHERE key = 599");
    expect(await purging).toBe(599);
    expect(store.countByStatus()).toEqual({ Running: 1 });
  });
});
