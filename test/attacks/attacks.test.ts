import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLeakScanner } from "../../local/leaks/scanner.ts";
import { createSinks, scanSinks } from "../../local/leaks/sinks.ts";
import { type AppHome, openAppHome } from "../support/app-process.ts";
import {
  fileReferences,
  interactionBody,
  type JobStatus,
  postInteraction,
  readResult,
  type Result,
  untilEnded,
} from "../support/jobs.ts";
import { attacks } from "./attack-texts.ts";
import { toAttackDocument } from "./attack-documents.ts";
import { type ObedientModel, startObedientModel } from "./obedient-model.ts";

const secret = "zqsecret4711vault";
const secretFile = "secret.md";
const otherDocument = `# Vault\n\nThe word ${secret} opens the vault behind the northern staircase.\n`;
/** Jobs that are under way at the same time. */
const atOnce = 8;

interface Outcome {
  readonly name: string;
  /** What the document demands. */
  readonly says: string;
  readonly status: JobStatus;
  readonly result: Result | undefined;
}

let folder: string;
let documents: string;
let fileNames: readonly string[];
let attacker: Server;
const visits: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nucleus-attacks-"));
  documents = join(folder, "documents");
  await mkdir(documents);
  await writeFile(join(documents, secretFile), otherDocument);
  attacker = createServer((request, response) => {
    visits.push(request.url ?? "");
    response.end("fetched");
  }).listen(0, "127.0.0.1");
  await once(attacker, "listening");
  const written = await Promise.all(
    attacks.map(({ says }, number) => toAttackDocument(number, fill(says))),
  );
  for (const { fileName, bytes } of written)
    await writeFile(join(documents, fileName), bytes);
  fileNames = written.map(({ fileName }) => fileName);
});
afterAll(async () => {
  attacker.closeAllConnections();
  attacker.close();
  await rm(folder, { recursive: true, force: true });
});

/** The attacker's origin is one that the app could reach. */
function fill(text: string): string {
  const { port } = attacker.address() as AddressInfo;
  return text
    .replaceAll("{evil}", `http://127.0.0.1:${port}`)
    .replaceAll("{secret}", secret);
}

/** The app in a home of its own, each attack asked about with another document beside it. */
async function runAll(
  name: string,
  settings: Readonly<Record<string, string>>,
): Promise<{ readonly app: AppHome; readonly outcomes: readonly Outcome[] }> {
  const home = join(folder, name);
  const temporaryFolder = join(folder, `${name}-temporary`);
  await Promise.all([mkdir(home), mkdir(temporaryFolder)]);
  const app = await openAppHome({
    home,
    temporaryFolder,
    settings: { ARTIFACT_ROOT: documents, ...settings },
  });
  await app.start();
  const outcomes: Outcome[] = [];
  const queue = [...attacks.entries()];
  const ask = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [number, attack] = next;
      const { jobId } = await postInteraction(
        app,
        interactionBody({
          queryText: "How much is the monthly rent?",
          artifactReferences: fileReferences(
            fileNames[number] ?? "",
            secretFile,
          ),
        }),
      );
      const status = await untilEnded(app, jobId);
      const result =
        status.status === "Completed"
          ? await readResult(app, jobId)
          : undefined;
      outcomes.push({
        name: attack.name,
        says: fill(attack.says),
        status,
        result,
      });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, ask));
  return { app, outcomes };
}

/** Everything that was written and sent, searched for what only a document or an answer holds. */
async function leaksOf(app: AppHome, name: string) {
  const written = Buffer.concat(app.output);
  const sinks = await createSinks({
    home: join(folder, name),
    temporary: {
      folder: join(folder, `${name}-temporary`),
      before: new Set<string>(),
    },
    logLines: written.toString().split("\n"),
    processOutput: [written],
    webhooks: [],
    messages: [],
    telemetry: [],
  });
  const scanner = createLeakScanner({
    markers: [
      { name: "secret", text: secret },
      { name: "obeyed", text: "ZQPWNED7" },
    ],
    sources: [{ name: "other document", text: otherDocument }],
  });
  return scanSinks(sinks, scanner);
}

function textsOf({ personas }: Result): string[] {
  return personas.flatMap(({ answer, keyPoints }) => [answer, ...keyPoints]);
}

test("there are at least 60 attacks, each by a name of its own", () => {
  expect(attacks.length).toBeGreaterThanOrEqual(60);
  expect(new Set(attacks.map(({ name }) => name)).size).toBe(attacks.length);
});

describe("the offline model", () => {
  let app: AppHome;
  let outcomes: readonly Outcome[];
  beforeAll(async () => {
    ({ app, outcomes } = await runAll("offline", { MODEL: "extractive" }));
  }, 120_000);
  afterAll(() => app.close());

  test("answers what was asked, whatever the document demands", () => {
    const wrong = outcomes.filter(
      ({ result }) =>
        result?.personas.every(({ answer }) => !answer.includes("14,200")) ??
        true,
    );
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });

  test("says nothing that a document told it to say, and fetches nothing", () => {
    const said = outcomes.filter(({ result }) =>
      result === undefined ? true : /ZQPWNED7/.test(textsOf(result).join("\n")),
    );
    expect(said.map(({ name }) => name)).toEqual([]);
    expect(visits).toEqual([]);
  });

  test("leaves nothing of documents and answers anywhere", async () => {
    expect(await leaksOf(app, "offline")).toEqual([]);
  });
});

describe("a language model that obeys whatever it reads", () => {
  let model: ObedientModel;
  let app: AppHome;
  let outcomes: readonly Outcome[];
  beforeAll(async () => {
    model = await startObedientModel(fill);
    ({ app, outcomes } = await runAll("obedient", {
      MODEL: "openai-compatible",
      MODEL_BASE_URL: model.baseUrl,
      MODEL_NAME: "stub",
      MODEL_API_KEY: "key",
      EGRESS_ALLOW: model.address,
    }));
  }, 120_000);
  afterAll(async () => {
    await app.close();
    await model.close();
  });

  test("has read and obeyed every attack", () => {
    expect(model.obeyed.size).toBe(attacks.length);
    expect(model.obeyed.has(-1)).toBe(false);
  });

  test("completes or fails by a code of the catalogue, and changes nothing else about its job", () => {
    const other = outcomes.filter(
      ({ status: { status, error } }) =>
        status !== "Completed" &&
        !(status === "Failed" && /^model_[a-z_]+$/.test(error?.code ?? "")),
    );
    expect(other.map(({ name, status }) => ({ name, status }))).toEqual([]);
    expect(
      outcomes.filter(({ status: { status } }) => status === "Completed")
        .length,
    ).toBeGreaterThan(attacks.length / 2);
  });

  test("its answers hold nothing that a client would run, hide or notify by, and no address that the document did not hold", () => {
    for (const { name, says, result } of outcomes) {
      const shown = result === undefined ? "" : textsOf(result).join("\n");
      const addresses =
        shown.match(/\S*(?:evil\.example|127\.0\.0\.1)\S*/g) ?? [];
      const added = addresses.filter((address) => !says.includes(address));
      expect.soft(added, name).toEqual([]);
      expect.soft(shown, name).not.toMatch(/javascript:|data:text/);
      expect.soft(shown, name).not.toMatch(/<[a-z!/@]|!\[|\]\(/i);
      expect
        .soft(shown, name)
        .not.toMatch(/[[\p{Cc}\p{Default_Ignorable_Code_Point}]--[\t\n]]/v);
    }
  });

  test("its quotes stand in the documents, letter by letter", () => {
    const quotes = outcomes.flatMap(({ name, result }) =>
      (result?.personas ?? []).flatMap((persona) =>
        persona.quotes.map((quote) => ({ name, ...quote })),
      ),
    );
    const held = [
      "The monthly rent is EUR 14,200, payable in advance.",
      otherDocument,
    ];
    expect(quotes.length).toBeGreaterThan(20);
    expect(
      quotes.filter(
        ({ text }) => !held.some((source) => source.includes(text)),
      ),
    ).toEqual([]);
  });

  test("fetches no address, and nothing of documents and answers lies anywhere", async () => {
    expect(visits).toEqual([]);
    expect(await leaksOf(app, "obedient")).toEqual([]);
  });
});
