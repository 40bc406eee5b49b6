import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { docx } from "../shared/extraction/documents.ts";
import {
  fileReferences,
  interactionBody,
  postInteraction,
  readResult,
  untilEnded,
} from "../support/jobs.ts";
import { type RunningApp, startApp } from "../support/running-app.ts";

let folder: string;
let root: string;
let app: RunningApp;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nucleus-files-"));
  root = join(folder, "root");
  await mkdir(join(root, "home"), { recursive: true });
  app = await startApp({
    home: join(root, "home"),
    settings: { ARTIFACT_ROOT: root },
  });
});
afterAll(async () => {
  await app.stop();
  await rm(folder, { recursive: true, force: true });
});

const keep = (name: string, bytes: string | Uint8Array) =>
  writeFile(join(root, name), bytes);

async function run(fields: Readonly<Record<string, unknown>>) {
  const { jobId } = await postInteraction(app, interactionBody(fields));
  expect(await untilEnded(app, jobId)).toMatchObject({ status: "Completed" });
  return readResult(app, jobId);
}

describe("a file reference never leads out of ARTIFACT_ROOT", () => {
  beforeAll(async () => {
    await writeFile(join(folder, "secret.md"), "# Secret\n\nThe code is 4711.");
    await keep("inside.md", "# Inside\n\nThe code is 1234.");
    await symlink(join(folder, "secret.md"), join(root, "link.md"));
    await symlink(folder, join(root, "up"));
  });

  const escapes = (): Record<string, string> => ({
    "a path upwards": "../secret.md",
    "a path down and upwards": "home/../../secret.md",
    "an absolute path": join(folder, "secret.md"),
    "a file URL": `file://${join(folder, "secret.md")}`,
    "an encoded file URL": `file://${root}/%2e%2e/secret.md`,
    "a URL of another machine": "file://elsewhere/secret.md",
    "a symbolic link": "link.md",
    "a symbolic link on the way": "up/secret.md",
    "a folder": ".",
    "a device": "/dev/zero",
    "a NUL byte": "inside.md\u0000.txt",
    "the app's own key": "home/issuer.json",
  });

  test("every escape is artifact_refused, and a file inside is read beside them", async () => {
    const names = Object.keys(escapes());
    const result = await run({
      queryText: "What is the code?",
      artifactReferences: fileReferences(
        ...Object.values(escapes()),
        "inside.md",
      ),
    });
    expect(
      Object.fromEntries(
        names.map((name, index) => [name, result.artifacts[index]?.code]),
      ),
    ).toEqual(
      Object.fromEntries(names.map((name) => [name, "artifact_refused"])),
    );
    expect(result.artifacts.at(-1)).toMatchObject({ outcome: "read" });
    expect(JSON.stringify(result.personas)).toContain("1234");
    expect(JSON.stringify(result)).not.toContain("4711");
  });

  test("an absolute path and a file URL below it are read", async () => {
    const { artifacts } = await run({
      artifactReferences: fileReferences(
        join(root, "inside.md"),
        `file://${join(root, "inside.md")}`,
        "missing.md",
      ),
    });
    expect(artifacts.map(({ code }) => code)).toEqual([
      undefined,
      undefined,
      "artifact_not_found",
    ]);
  });
});

describe("documents that cannot be read, or are not what they are called", () => {
  const encryptedPdf = `%PDF-1.7
1 0 obj
<< /Type /Catalog /Pages 2 0 R >>
endobj
2 0 obj
<< /Type /Pages /Kids [] /Count 0 >>
endobj
trailer
<< /Root 1 0 R /Size 3 /ID [<${"00".repeat(16)}> <${"00".repeat(16)}>] /Encrypt << /Filter /Standard /V 2 /R 3 /Length 128 /P -44 /O <${"11".repeat(32)}> /U <${"22".repeat(32)}> >> >>
%%EOF
`;
  test("each gets its code or its text, the rest goes on, and no process is lost", async () => {
    const word = await docx();
    await keep("corrupt.pdf", "%PDF-1.7\nrubbish");
    await keep("half.docx", word.slice(0, 2000));
    await keep("encrypted.pdf", encryptedPdf);
    await keep("really-word.pdf", word);
    await keep("empty.txt", "");
    await keep("good.md", "# Harbour\n\nThe harbour master is Ada Brandt.");
    const workerPids = app.host.workerPids;

    const result = await run({
      queryText: "Who is the harbour master?",
      artifactReferences: fileReferences(
        "corrupt.pdf",
        "half.docx",
        "encrypted.pdf",
        "really-word.pdf",
        "empty.txt",
        "good.md",
      ),
    });

    expect(
      result.artifacts.map(({ outcome, code }) => code ?? outcome),
    ).toEqual([
      "extraction_corrupt",
      "extraction_corrupt",
      "extraction_encrypted",
      "read",
      "artifact_empty",
      "read",
    ]);
    expect(result.artifacts[3]?.mediaType).toContain("wordprocessingml");
    expect(result.personas[0]?.answer).toContain("Ada Brandt");
    expect(app.host.workerPids).toEqual(workerPids);
  });
});
