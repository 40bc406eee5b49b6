import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createLeakScanner } from "../../local/leaks/scanner.ts";
import { createSinks, type Leak, scanSinks } from "../../local/leaks/sinks.ts";
import { createFolderContentVault } from "../../shared/vault/adapters/folder.ts";
import type { AppProcess } from "../support/app-process.ts";
import {
  type JobStatus,
  readResult,
  untilEnded,
  untilStatus,
} from "../support/jobs.ts";
import { sealedOwners } from "../support/stored.ts";
import {
  createLeakRun,
  type InteractionName,
  type LeakRun,
  quietCaller,
  scanner,
} from "./support/leak-run.ts";
import {
  isBesideDatabase,
  isDatabaseFile,
  plantedIn,
  plantedMarkers,
  plantEverywhere,
} from "./support/plant.ts";

/** One run of the app, looked at again and again: the tests build on each other. */
let folder: string;
let run: LeakRun;
let process: AppProcess;
const jobs = new Map<InteractionName, string>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nucleus-leaks-"));
  run = await createLeakRun(folder);
  process = await run.start();
  await run.subscribe();
});
afterAll(async () => {
  await run.close();
  await rm(folder, { recursive: true, force: true });
});

const soon = [
  "read",
  "kept",
  "unreadable",
  "modelFails",
  "modelRambles",
] as const;
const jobOf = (name: InteractionName): string => jobs.get(name) ?? "";
const untilOver = (name: InteractionName): Promise<JobStatus> =>
  untilEnded(run.app, jobOf(name), {
    caller: name === "kept" ? quietCaller : {},
  });

test("while jobs come in, are read, fail and are announced, no content lies anywhere", async () => {
  for (const name of [...soon, "timedOut"] as const)
    jobs.set(name, await run.post(name));
  const refusals = await run.postRefused();
  expect(refusals.filter((status) => status < 400 || status > 499)).toEqual([]);

  const over = Promise.all(soon.map(untilOver));
  const isOver = () =>
    Promise.race([over.then(() => true), sleep(500).then(() => false)]);
  const leaks: Leak[] = [];
  do {
    await run.peekMessages();
    leaks.push(...(await run.scan()));
  } while (!(await isOver()));
  expect(leaks).toEqual([]);
  expect((await over).map(({ status }) => status)).toEqual([
    "Completed",
    "Completed",
    "Completed",
    "Failed",
    "Failed",
  ]);
  expect(run.output().messages.length).toBeGreaterThan(0);
}, 60_000);

test("the same scanner finds the markers in the result that the entitled caller reads", async () => {
  const result = await readResult(run.app, jobOf("read"));
  const found = await scanner.scan(Buffer.from(JSON.stringify(result)));
  const shown = [
    "answer",
    "keyPoint",
    "pdf",
    "docx",
    "html",
    "text",
    "mail",
    "attachment",
  ];
  expect(new Set(found.map(({ marker }) => marker))).toEqual(
    new Set([
      ...shown.flatMap((name) => [name, `${name} (words)`]),
      "attachmentName",
    ]),
  );
});

test("one of these jobs was a panel of two rounds, with dissent and a repaired answer", async () => {
  const { body } = await run.app.call("GET", `/api/v1/jobs/${jobOf("kept")}`, {
    caller: quietCaller,
  });
  expect(body).toMatchObject({
    panel: {
      rounds: [1, 2].map((round) => ({
        round,
        leader: "analyst",
        dissenters: ["compliance"],
      })),
      failed: [],
    },
  });
});

test("each artifact that could not be read has failed in its own way", async () => {
  const { artifacts } = await readResult(run.app, jobOf("unreadable"));
  expect(artifacts.map(({ code }) => code)).toEqual([
    "artifact_not_found",
    "artifact_unreachable",
    "artifact_refused",
    "artifact_not_found",
    "extraction_corrupt",
  ]);
});

test("a message that no handler can read is dead-lettered, and its text is in no log", async () => {
  const poison = "zqxpoison8111wvk";
  await run.sendPoison(poison);
  while ((await run.countDeadLetters()) === 0) await sleep(50);
  const { scan } = createLeakScanner({
    markers: [{ name: "poison", text: poison }],
    sources: [],
  });
  expect(await scan(Buffer.concat(run.app.output))).toEqual([]);
});

test("kill -9 in the middle of a job leaves no content behind, and neither does its recovery", async () => {
  const jobId = await run.post("read");
  await untilStatus(run.app, jobId, ({ status }) => status !== "Queued");
  await process.kill();
  expect(await run.scan()).toEqual([]);
  process = await run.start();
  expect(await untilEnded(run.app, jobId)).toMatchObject({
    status: "Completed",
  });
  expect(await run.scan()).toEqual([]);
}, 60_000);

test("a result is gone when its time has passed, with all that was sealed of its job", async () => {
  const path = `/api/v1/jobs/${jobOf("kept")}/result`;
  const read = () => run.app.call("GET", path, { caller: quietCaller });
  // The sweeper shreds every 30 seconds what is due.
  let answer = await read();
  while (answer.status === 200) {
    await sleep(250);
    answer = await read();
  }
  expect(answer).toMatchObject({ status: 410, body: { code: "result_gone" } });
  const vault = createFolderContentVault({
    folder: join(run.home, "vault"),
    now: Date.now,
  });
  const owners = await sealedOwners({ vault });
  expect(owners.filter((owner) => owner.includes(jobOf("kept")))).toEqual([]);
  expect(owners).toContain(`${jobOf("read")}:result`);
}, 60_000);

test("nothing is left when the app has stopped", async () => {
  expect(await untilOver("timedOut")).toMatchObject({ status: "TimedOut" });
  expect(await process.terminate()).toBe(0);
  expect(await run.scan()).toEqual([]);
}, 60_000);

test("content that is planted in any sink of this home, in any encoding, is found", async () => {
  const output = run.output();
  await writeFile(join(output.temporary.folder, "upload.tmp"), "");
  const sinks = (await createSinks(output))
    .map(({ name }) => name)
    .filter((name) => !isBesideDatabase(name));
  const files = sinks.filter((name) => name.startsWith("home/"));
  const databases = new Set<string>();
  for (const name of files)
    if (await isDatabaseFile(join(output.home, name.slice("home/".length))))
      databases.add(name);
  expect(databases.size).toBeGreaterThanOrEqual(4);
  expect(files.length).toBeGreaterThan(databases.size + 5);

  const leaks = await scanSinks(
    await createSinks(await plantEverywhere(output)),
    createLeakScanner({ markers: plantedMarkers, sources: [] }),
  );
  for (const sink of sinks) {
    const found = leaks.filter((leak) => leak.sink === sink);
    const missed = plantedIn(sink, databases.has(sink)).filter(
      (encoding) => !found.some(({ marker }) => marker === encoding),
    );
    expect([sink, missed]).toEqual([sink, []]);
  }
}, 60_000);
