import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import { expect } from "vitest";
import { createSqliteDocumentStore } from "../../shared/documents/adapters/sqlite.ts";
import { indexes, kinds } from "../../shared/documents/kinds.ts";
import { createFolderContentVault } from "../../shared/vault/adapters/folder.ts";
import type { AppProcess } from "../support/app-process.ts";
import { type Result, readResult } from "../support/jobs.ts";
import { allOf, sealedOwners } from "../support/stored.ts";
import { codeWordOf, type JobLoad, type LoadedJob } from "./job-load.ts";

/**
 * Whatever happened on the way: each accepted job has ended once, its callers know, and nothing is left to do. Drains
 * the app to look at what it stored.
 */
export async function expectEachEndedOnce(
  load: JobLoad,
  app: AppProcess,
  jobs: readonly LoadedJob[],
): Promise<void> {
  expect(new Set(jobs.map(({ jobId }) => jobId)).size).toBe(jobs.length);
  await load.untilAnnounced(jobs);
  await untilQueueIsEmpty(load.home);
  for (const job of jobs) await expectReadable(load, job);
  expect(await app.terminate()).toBe(0);
  expectOneWebhookIdPerJob(load, jobs);
  await expectStoreIsSettled(load, jobs);
  expectTaskHubIsSettled(load.home, jobs);
}

async function expectReadable(
  { app }: JobLoad,
  { number, jobId, caller }: LoadedJob,
): Promise<void> {
  const result: Result = await readResult(app, jobId, caller);
  expect(result).toMatchObject({ jobId, status: "Completed" });
  expect(JSON.stringify(result.personas[0]?.quotes)).toContain(
    codeWordOf(number),
  );
  expect(result.artifacts.map(({ outcome }) => outcome)).not.toContain(
    "failed",
  );
}

/** At least one delivery for each job, however often it was attempted: under its one id, and signed. */
function expectOneWebhookIdPerJob(
  { receiver, secretOf }: JobLoad,
  jobs: readonly LoadedJob[],
): void {
  for (const { path, headers, body } of receiver.received)
    new Webhook(secretOf(path)).verify(body, headers as Record<string, string>);
  const received = receiver.received.map(({ body, headers }) => ({
    jobId: (JSON.parse(body) as { subject: string }).subject,
    deliveryId: headers["webhook-id"],
  }));
  for (const { jobId, deliveryId } of jobs) {
    const ids = received
      .filter((callback) => callback.jobId === jobId)
      .map((callback) => callback.deliveryId);
    expect([...new Set(ids)]).toEqual([deliveryId]);
  }
  expect(new Set(received.map(({ jobId }) => jobId)).size).toBe(jobs.length);
}

async function expectStoreIsSettled(
  { home, app }: JobLoad,
  jobs: readonly LoadedJob[],
): Promise<void> {
  const store = createSqliteDocumentStore({
    file: join(home, "documents.db"),
    kinds,
    indexes,
  });
  try {
    const ids = jobs.map(({ jobId }) => jobId).toSorted();
    const stored = await allOf({ store }, "job");
    expect(stored.map(({ jobId }) => jobId).toSorted()).toEqual(ids);
    expect(new Set(stored.map(({ status }) => status))).toEqual(
      new Set(["Completed"]),
    );
    const events = await allOf({ store }, "event");
    const finished = events.filter(({ type }) => type === "job.finished");
    expect(finished.map(({ status }) => status)).toEqual(
      jobs.map(() => "Completed"),
    );
    expect(await allOf({ store }, "outbox")).toEqual([]);
    const deliveries = await allOf({ store }, "delivery");
    expect(deliveries.map(({ state }) => state.status)).toEqual(
      jobs.map(() => "delivered"),
    );
    // All that is left for the sweeper: to shred each result in its time.
    const active = await allOf({ store }, "active", ":system");
    expect(new Map(active.map(({ jobId, dueAt }) => [jobId, dueAt]))).toEqual(
      new Map(stored.map(({ jobId, retainUntil }) => [jobId, retainUntil])),
    );
  } finally {
    await store.close();
  }
  expectAnnouncedOnceInLog(Buffer.concat(app.output).toString(), jobs);
  const vault = createFolderContentVault({
    folder: join(home, "vault"),
    now: Date.now,
  });
  const owners = await sealedOwners({ vault });
  expect(owners.filter((owner) => owner.endsWith(":work"))).toEqual([]);
}

/** The end is logged right after its commit: twice would be two commits. A kill in between may swallow the line. */
function expectAnnouncedOnceInLog(
  log: string,
  jobs: readonly LoadedJob[],
): void {
  for (const { jobId } of jobs) {
    const lines = log
      .split("\n")
      .filter((line) => line.includes("job.finished") && line.includes(jobId));
    expect(lines.length).toBeLessThanOrEqual(1);
  }
}

function expectTaskHubIsSettled(
  home: string,
  jobs: readonly LoadedJob[],
): void {
  const hub = new DatabaseSync(join(home, "runtime.db"), { readOnly: true });
  try {
    const unfinished = hub
      .prepare("SELECT id, status FROM th_instance WHERE status != 'Completed'")
      .all();
    expect(unfinished).toEqual([]);
    const messages = hub.prepare("SELECT count(*) AS n FROM th_message").get();
    expect(messages).toEqual({ n: 0 });
    const instances = new Set(
      hub
        .prepare("SELECT id FROM th_instance")
        .all()
        .map(({ id }) => id),
    );
    for (const { jobId } of jobs) expect(instances).toContain(jobId);
  } finally {
    hub.close();
  }
}

/** Until no message waits, is scheduled, is locked or dead-lettered. */
async function untilQueueIsEmpty(home: string): Promise<void> {
  const queue = new DatabaseSync(join(home, "service-bus.db"), {
    readOnly: true,
    timeout: 5000,
  });
  try {
    const count = queue.prepare(
      "SELECT count(*) AS n, total(dead_lettered) AS dead FROM messages",
    );
    for (;;) {
      const counted = count.get();
      expect(counted?.["dead"]).toBe(0);
      if (counted?.["n"] === 0) return;
      await sleep(50);
    }
  } finally {
    queue.close();
  }
}
