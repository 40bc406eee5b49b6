import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createLeakScanner } from "../../local/leaks/scanner.ts";
import { createSinks, scanSinks } from "../../local/leaks/sinks.ts";
import { entraTenantId } from "../azure/identity.ts";
import { answers } from "../azure/openai-replies.ts";
import { type Cloud, startCloud } from "../azure/start-cloud.ts";
import type { Caller } from "../support/api-client.ts";
import {
  type AppHome,
  type AppProcess,
  openAppHome,
} from "../support/app-process.ts";
import {
  type CallbackReceiver,
  startCallbackReceiver,
} from "../support/callback-receiver.ts";
import {
  interactionBody,
  postInteraction,
  readResult,
  untilEnded,
} from "../support/jobs.ts";

const root = resolve(import.meta.dirname, "../..");
const adapter: Caller = {
  tenantId: entraTenantId,
  userId: "b0000000-0000-4000-8000-00000000000b",
};

/** Words that are content: none of them may lie anywhere. */
const words = {
  query: "When must the zqxquery7919wvk tenant give notice of the lease",
  blob: "The zqxblob7920wvk tenant gives notice nine months before the end of February",
  graph:
    "A break fee of four months rent zqxgraph7921wvk is due with the notice to the landlord",
  answer:
    "Notice is due zqxanswer7922wvk nine months ahead, with a break fee of four rents",
  blobName: "zqxblobname7923wvk.txt",
  callback: "zqxcallback7924wvk",
};
const scanner = createLeakScanner({
  markers: Object.entries(words).flatMap(([name, said]) => {
    const marker = /zqx\w+wvk/.exec(said)?.[0] ?? said;
    return [{ name, text: marker }];
  }),
  sources: [words.query, words.blob, words.graph, words.answer].map(
    (said, index) => ({ name: `words ${index}`, text: said }),
  ),
});

let folder: string;
let cloud: Cloud;
let receiver: CallbackReceiver;
let app: AppHome;
let running: AppProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nucleus-azure-"));
  for (const name of ["temporary", "messages"]) await mkdir(join(folder, name));
  [cloud, receiver] = await Promise.all([
    startCloud(join(folder, "messages")),
    startCallbackReceiver(),
  ]);
  const { EGRESS_ALLOW, ...environment } = cloud.environment;
  app = await openAppHome({
    home: join(folder, "home"),
    temporaryFolder: join(folder, "temporary"),
    settings: {
      ...environment,
      EGRESS_ALLOW: [EGRESS_ALLOW, receiver.address].join(","),
      ARTIFACT_ROOT: "",
      WEBHOOK_SCHEDULE: "0,1",
    },
    issuer: {
      issueToken: ({ roles, tenantId, userId, appId }) =>
        cloud.entra.token({
          roles,
          tid: tenantId,
          oid: userId,
          sub: userId,
          ...(appId !== undefined && { azp: appId }),
        }),
    },
  });
  running = await app.start();
}, 120_000);
afterAll(async () => {
  await app.close();
  await receiver.close();
  await cloud.close();
  await rm(folder, { recursive: true, force: true });
});

async function putArtifacts(): Promise<void> {
  await cloud
    .container("contracts")
    .uploadBlockBlob(words.blobName, words.blob, words.blob.length, {
      blobHTTPHeaders: { blobContentType: "text/plain" },
    });
  cloud.graph.put({
    tenantId: entraTenantId,
    driveId: "drive1",
    itemId: "item1",
    name: "fees.txt",
    mimeType: "text/plain",
    bytes: Buffer.from(words.graph),
  });
}

const traceId = "0af7651916cd43dd8448eb211c80319c";
let jobId: string;

test("a question about a blob and a file in SharePoint is answered by Azure OpenAI, through Azure's services alone", async () => {
  await putArtifacts();
  cloud.openai.replyWith(
    answers(
      JSON.stringify({
        answer: words.answer,
        keyPoints: [],
        quotes: [{ document: 1, text: words.blob }],
        notFound: false,
      }),
    ),
  );
  const accepted = await postInteraction(
    app,
    interactionBody({
      queryText: words.query,
      artifactReferences: [
        {
          referenceId: "lease",
          referenceType: "azure-blob",
          sourceUri: `${cloud.container("contracts").url}/${words.blobName}`,
        },
        {
          referenceId: "fees",
          referenceType: "microsoft-graph",
          sourceUri: "drives/drive1/items/item1",
        },
      ],
      callbackUrl: `${receiver.origin}/${words.callback}`,
    }),
    { traceparent: `00-${traceId}-b7ad6b7169203331-01` },
    adapter,
  );
  jobId = accepted.jobId;
  const ended = await untilEnded(app, jobId, { caller: adapter });
  expect(ended).toMatchObject({ status: "Completed" });
  expect(await readResult(app, jobId, adapter)).toMatchObject({
    personas: [{ answer: words.answer, quotes: [{ text: words.blob }] }],
  });
  const callback = await receiver.next();
  expect(JSON.parse(callback.body)).toMatchObject({ data: { jobId } });
  expect(callback.headers["traceparent"]).toContain(traceId);
  expect(new Set(cloud.identity.asked)).toEqual(
    new Set([
      cloud.cosmos.endpoint,
      "https://storage.azure.com",
      "https://vault.azure.net",
      "https://servicebus.azure.net/",
      "https://cognitiveservices.azure.com",
      "https://monitor.azure.com",
    ]),
  );
});

test("what the job cost is told with it: tokens and dollars", async () => {
  const { body } = await app.call("GET", `/api/v1/jobs/${jobId}`, {
    caller: adapter,
  });
  expect(body).toMatchObject({
    usage: {
      inputTokens: expect.any(Number) as number,
      costMicroUsd: expect.any(Number) as number,
    },
  });
});

test("another tenant's token is refused, whoever issued it", async () => {
  const answer = await app.call("GET", `/api/v1/jobs/${jobId}`, {
    caller: { tenantId: "c0000000-0000-4000-8000-00000000000c" },
  });
  expect(answer.status).toBe(401);
});

test("doctor finds every port on Azure, and each answers", async () => {
  const { code, findings } = await runDoctor();
  expect(
    Object.fromEntries(
      findings.map(({ port, adapter: name, outcome }) => [
        port,
        `${name} ${outcome}`,
      ]),
    ),
  ).toEqual({
    identity: "managed-identity not asked",
    documents: "cosmos ok",
    vault: "blob ok",
    keys: "blob ok",
    secrets: "key-vault ok",
    messages: "service-bus ok",
    "sign-in": "issuer's keys ok",
    model: "azure-openai not asked",
    artifacts: "https, file, azure-blob, microsoft-graph not asked",
    telemetry: "application-insights not asked",
  });
  expect(code).toBe(0);
}, 60_000);

test("a role that is missing is named by doctor, and the app is not ready", async () => {
  cloud.cosmos.setRole(false);
  const ready = await app.call("GET", "/api/v1/health/ready", { caller: null });
  const { code, findings } = await runDoctor();
  cloud.cosmos.setRole(true);
  expect(ready).toMatchObject({
    status: 503,
    body: { checks: { documents: "unavailable", vault: "ok" } },
  });
  expect(code).toBe(1);
  expect(findings.find(({ port }) => port === "documents")).toMatchObject({
    outcome: "failed",
    advice: expect.stringContaining(
      '"Cosmos DB Built-in Data Contributor"',
    ) as string,
  });
}, 60_000);

test("a step that is denied ends its job at once, and the log names the role that is missing", async () => {
  cloud.openai.setRoleAssigned(false);
  const denied = await postInteraction(app, interactionBody(), {}, adapter);
  const ended = await untilEnded(app, denied.jobId, { caller: adapter });
  cloud.openai.setRoleAssigned(true);
  expect(ended).toMatchObject({
    status: "Failed",
    error: { code: "dependency_denied", retryable: false },
  });
  const logged = Buffer.concat(app.output)
    .toString()
    .split("\n")
    .filter((line) => line.includes('"step.failed"'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(logged).toContainEqual(
    expect.objectContaining({
      jobId: denied.jobId,
      code: "dependency_denied",
      deniedBy: "models",
      missingRole: "Cognitive Services OpenAI User",
    }),
  );
});

test("nothing of it lies in the services of Azure, in telemetry, on this machine or in a log", async () => {
  await running.terminate();
  const nothing = {
    logLines: [],
    processOutput: [],
    webhooks: [],
    messages: [],
    telemetry: [],
  };
  const temporary = {
    folder: join(folder, "temporary"),
    before: new Set<string>(),
  };
  const queued = { ...nothing, home: join(folder, "messages"), temporary };
  const sinks = await createSinks({
    ...nothing,
    home: join(folder, "home"),
    temporary,
    logLines: Buffer.concat(app.output).toString().split("\n"),
    processOutput: app.output,
    webhooks: receiver.received.map(({ headers, body }) => ({
      headers,
      body: Buffer.from(body),
    })),
    telemetry: cloud.ingestion.bodies,
  });
  const azure = [
    { name: "cosmos", items: () => cloud.cosmos.items().map(toBytes) },
    { name: "key vault", items: () => [cloud.keyVault.bytes()] },
    { name: "vault", items: () => blobsOf("vault") },
    { name: "keys", items: () => blobsOf("keys") },
  ];
  expect(
    await scanSinks(
      [...sinks, ...(await createSinks(queued)), ...azure],
      scanner,
    ),
  ).toEqual([]);
  expect(cloud.cosmos.items().length).toBeGreaterThan(5);
  expect(await countBlobs("vault")).toBeGreaterThan(0);
  expect(cloud.ingestion.bodies.length).toBeGreaterThan(0);
  const kept = await readdir(join(folder, "home"));
  expect(kept).not.toContain("documents.db");
  expect(kept).not.toContain("keys.db");
  expect(kept).not.toContain("vault");
});

test("the trace that arrived leads from the caller's request to the callback", () => {
  const names = cloud.ingestion.accepted
    .filter(({ tags }) => tags["ai.operation.id"] === traceId)
    .map(({ data }) => data.baseData.name);
  for (const name of [
    "POST /api/v1/interactions",
    "activity retrieve",
    "open artifact azure-blob",
    "open artifact microsoft-graph",
    "activity persona",
    "chat gpt-e2e",
    "activity finish",
    "process webhook-deliveries",
    "webhook POST",
  ])
    expect(names).toContain(name);
});

const toBytes = (said: string): Uint8Array => Buffer.from(said);

async function* blobsOf(name: "vault" | "keys"): AsyncGenerator<Uint8Array> {
  const container = cloud.container(name);
  for await (const { name: blobName } of container.listBlobsFlat()) {
    yield Buffer.from(blobName);
    yield await container.getBlobClient(blobName).downloadToBuffer();
  }
}

async function countBlobs(name: "vault" | "keys"): Promise<number> {
  let count = 0;
  for await (const _ of cloud.container(name).listBlobsFlat()) count += 1;
  return count;
}

interface DoctorRun {
  readonly code: number;
  readonly findings: readonly {
    readonly port: string;
    readonly adapter: string;
    readonly outcome: string;
    readonly advice?: string;
  }[];
}

/** `nucleus doctor --json` with the app's environment. */
async function runDoctor(): Promise<DoctorRun> {
  const child = execFile(
    process.execPath,
    [join(root, "dist/cli/nucleus.js"), "doctor", "--json"],
    {
      cwd: folder,
      env: {
        ...cloud.environment,
        NUCLEUS_HOME: join(folder, "doctor"),
      },
    },
  );
  const ended = new Promise<number>((done) => {
    child.on("close", (code) => done(code ?? -1));
  });
  const said = child.stdout ? await text(child.stdout) : "";
  const { findings } = JSON.parse(said) as Pick<DoctorRun, "findings">;
  return { code: await ended, findings };
}
