import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Readable } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createLeakScanner } from "../../local/leaks/scanner.ts";
import {
  createSinks,
  scanSinks,
  type Leak,
  type RunOutput,
} from "../../local/leaks/sinks.ts";
import { ContentRef } from "../../shared/kernel/metadata.ts";
import { sealStream } from "../../shared/vault/sealing.ts";
import { encodings } from "./encodings.ts";

const marker = { name: "query", text: "Wann läuft der Vertrag Ω-7731 aus?" };
const source = {
  name: "document 1",
  text: "The tenant may terminate the lease, at any time, by giving three months’ written notice.",
};
const scanner = createLeakScanner({ markers: [marker], sources: [source] });

let folder = "";
let home = "";
let temporary = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "nucleus-sinks-"));
  home = join(folder, "home");
  temporary = join(folder, "temporary");
  await mkdir(join(home, "vault"), { recursive: true });
  await mkdir(join(temporary, "from-before"), { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A run that left metadata only. */
function cleanRun(change: Partial<RunOutput> = {}): RunOutput {
  return {
    home,
    temporary: { folder: temporary, before: new Set(["from-before"]) },
    logLines: ['{"level":"information","event":"app-log","jobId":"j1"}'],
    processOutput: [],
    webhooks: [],
    messages: [],
    telemetry: [],
    ...change,
  };
}

async function scan(run: RunOutput): Promise<readonly Leak[]> {
  return await scanSinks(await createSinks(run), scanner);
}

/** Plants the marker, in each encoding, and expects to find it in the sink of that name each time. */
async function expectFound(
  sink: string,
  plant: (planted: Buffer) => Promise<RunOutput> | RunOutput,
): Promise<void> {
  for (const [name, encode] of Object.entries(encodings)) {
    const leaks = await scan(await plant(encode(marker.text)));
    expect(leaks, name).toContainEqual(
      expect.objectContaining({ sink, marker: "query" }),
    );
  }
}

test("a run that left metadata only has no leaks", async () => {
  await writeFile(join(home, "runtime.json"), '{"pid": 4711}');
  await writeFile(join(temporary, "from-before", "old.txt"), marker.text);
  expect(await scan(cleanRun())).toEqual([]);
});

test("content in a file below the home is found in every encoding", () =>
  expectFound("home/vault/object-1", async (planted) => {
    await writeFile(join(home, "vault", "object-1"), planted);
    return cleanRun();
  }));

test("content in a temporary file is found in every encoding", () =>
  expectFound("temporary/upload.tmp", async (planted) => {
    await writeFile(join(temporary, "upload.tmp"), planted);
    return cleanRun();
  }));

test("content in a process' output is found in every encoding", () =>
  expectFound("process output", (planted) =>
    cleanRun({ processOutput: [planted] }),
  ));

test("content in a webhook's body is found in every encoding", () =>
  expectFound("webhooks", (planted) =>
    cleanRun({ webhooks: [{ headers: {}, body: planted }] }),
  ));

test("content in a queue's message is found in every encoding", () =>
  expectFound("queues", (planted) => cleanRun({ messages: [planted] })));

test("content in a telemetry export is found in every encoding", () =>
  expectFound("telemetry", (planted) => cleanRun({ telemetry: [planted] })));

test("content in a value of a database is found in every encoding, also in the write-ahead log alone", () =>
  expectFound("home/documents.sqlite", async (planted) => {
    const file = join(home, "documents.sqlite");
    await rm(file, { force: true });
    const database = new DatabaseSync(file);
    database.exec(
      "PRAGMA journal_mode = WAL; CREATE TABLE documents (id TEXT PRIMARY KEY, body BLOB)",
    );
    database.prepare("INSERT INTO documents VALUES ('a', ?)").run(planted);
    const run = cleanRun();
    const sinks = await createSinks(run);
    const leaks = await scanSinks(sinks, scanner);
    database.close();
    expect(leaks.length).toBeGreaterThan(0);
    return run;
  }));

test("a text that a database splits over two pages is found whole", async () => {
  const file = join(home, "documents.sqlite");
  const database = new DatabaseSync(file);
  database.exec("PRAGMA page_size = 512; CREATE TABLE t (body TEXT)");
  const insert = database.prepare("INSERT INTO t VALUES (?)");
  for (let before = 300; before < 520; before += 5)
    insert.run("x ".repeat(before / 2) + source.text);
  database.close();
  expect(await scan(cleanRun())).toContainEqual(
    expect.objectContaining({
      sink: "home/documents.sqlite",
      marker: "document 1",
      encoding: "words",
    }),
  );
});

test.each([
  ["log", { logLines: [`{"message":"${marker.text}"}`] }],
  ["log", { logLines: [JSON.stringify({ message: source.text })] }],
  [
    "webhooks",
    {
      webhooks: [
        {
          headers: { "x-query": encodeURIComponent(marker.text) },
          body: Buffer.from("{}"),
        },
      ],
    },
  ],
] satisfies [string, Partial<RunOutput>][])(
  "content in %s is found (%#)",
  async (sink, change) => {
    const leaks = await scan(cleanRun(change));
    expect(leaks.map((leak) => leak.sink)).toEqual([sink]);
  },
);

test("content in a file's name is found, and the finding does not repeat it", async () => {
  await writeFile(join(temporary, marker.text), "");
  const leaks = await scan(cleanRun());
  expect(leaks).toEqual([
    { sink: "temporary (names)", marker: "query", encoding: "raw", offset: 0 },
  ]);
  await writeFile(join(temporary, marker.text), marker.text);
  expect(JSON.stringify(await scan(cleanRun()))).not.toContain("Vertrag");
});

test("sealed content is clean, and the same content in the clear is found", async () => {
  const clear = Buffer.from(`${source.text} ${marker.text} `.repeat(5000));
  const sealed = sealStream(Readable.from([clear]), {
    key: Buffer.alloc(32, 7),
    ref: ContentRef.parse("job-1:work:text"),
  });
  const file = join(home, "vault", "object-1");
  await writeFile(file, sealed);
  expect(await scan(cleanRun())).toEqual([]);
  await writeFile(file, clear);
  expect(await scan(cleanRun())).toHaveLength(2);
});
