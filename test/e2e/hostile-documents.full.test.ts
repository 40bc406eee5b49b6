import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Draw, pdf, zipOf } from "../shared/extraction/documents.ts";
import {
  fileReferences,
  interactionBody,
  postInteraction,
  readResult,
  untilEnded,
} from "../support/jobs.ts";
import { type RunningApp, startApp } from "../support/running-app.ts";

let root: string;
let app: RunningApp;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "nucleus-hostile-"));
  app = await startApp({ settings: { ARTIFACT_ROOT: root } });
});
afterAll(async () => {
  await app.stop();
  await rm(root, { recursive: true, force: true });
});

/** A Word document whose only part unpacks to 300 MB of nothing. */
function bomb(): Uint8Array {
  const zeros = deflateRawSync(Buffer.alloc(300 * 1024 * 1024), { level: 9 });
  return zipOf([
    {
      name: "[Content_Types].xml",
      bytes: deflateRawSync(Buffer.from("<Types/>")),
      declaredSize: 8,
    },
    { name: "word/document.xml", bytes: zeros, declaredSize: 1000 },
  ]);
}

const longPdf = (): Promise<Uint8Array> =>
  pdf(
    ...Array.from({ length: 1000 }, (_, page) => (draw: Draw) => {
      draw(`The password of room ${page + 1} is Otter.`, { x: 50, y: 80 });
    }),
  );

test("a zip bomb and a PDF of 1000 pages get their code and their text, the rest goes on, and no process is lost", async () => {
  await writeFile(join(root, "bomb.docx"), bomb());
  await writeFile(join(root, "long.pdf"), await longPdf());
  await writeFile(
    join(root, "good.md"),
    "# Harbour\n\nThe harbour master is Ada Brandt.",
  );
  expect((await stat(join(root, "bomb.docx"))).size).toBeLessThan(400 * 1024);
  const { workerPids } = app.host;

  const { jobId } = await postInteraction(
    app,
    interactionBody({
      queryText: "Who is the harbour master?",
      artifactReferences: fileReferences("bomb.docx", "long.pdf", "good.md"),
    }),
  );
  expect(await untilEnded(app, jobId)).toMatchObject({ status: "Completed" });
  const { artifacts, personas } = await readResult(app, jobId);
  expect(artifacts).toMatchObject([
    { outcome: "failed", code: "extraction_too_large" },
    { outcome: "read", pages: 1000 },
    { outcome: "read" },
  ]);
  expect(personas[0]?.answer).toContain("Ada Brandt");
  expect(app.host.workerPids).toEqual(workerPids);
});
