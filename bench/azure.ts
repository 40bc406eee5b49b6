import { readdirSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { trustedCertificate } from "../test/azure/certificate.ts";
import { entraTenantId } from "../test/azure/identity.ts";
import { startIngestion } from "../test/azure/ingestion.ts";
import { answers } from "../test/azure/openai-replies.ts";
import { startCloud } from "../test/azure/start-cloud.ts";
import {
  closedLoop,
  measureImport,
  post,
  startBenchApp,
  toSpread,
  untilEnded,
  writeNotes,
} from "./bench-app.ts";

/**
 * What the Azure adapters cost: the bundle's size and the time to load it, the request units of Cosmos DB that a job is
 * charged (counted at the endpoint of `test/azure`, by the service's published rules), and what telemetry takes of the
 * throughput. Endpoint, app and client share this machine's cores.
 */
const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    jobs: { type: "string", default: "100" },
    rounds: { type: "string", default: "5" },
  },
});
const jobCount = Number(values.jobs);
const rounds = Number(values.rounds);
const root = resolve(import.meta.dirname, "..");

const { documents, files } = await writeNotes();
try {
  const figures = {
    bundle: measureBundle(),
    importMs: {
      oneMachine: await measureImport(localSettings()),
      azure: await measureImport(azureSettings()),
    },
    requestUnits: await measureCharges(),
    telemetry: await measureTelemetry(),
  };
  if (values.json) console.log(JSON.stringify(figures));
  else print(figures);
} finally {
  await rm(documents, { recursive: true, force: true });
}

interface Throughput {
  readonly jobsPerSecond: number;
  /** Processor time of the app's processes for each job, in milliseconds. */
  readonly cpuMs: number;
}

/** Bytes of the app's bundle: what loads with its entry, and the chunks that load when they are needed. */
function measureBundle() {
  const folder = join(root, "dist/app");
  const sizes = readdirSync(folder).map((name) => ({
    name,
    bytes: statSync(join(folder, name)).size,
  }));
  const entry = sizes.find(({ name }) => name === "index.js")?.bytes ?? 0;
  const all = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  return { entryBytes: entry, allBytes: all };
}

function commonSettings(): Record<string, string> {
  return {
    PUBLIC_URL: "https://nucleus.example",
    AUTH_ISSUER: "https://login.microsoftonline.com/{tenantid}/v2.0",
    AUTH_AUDIENCE: "api://nucleus",
    AUTH_TENANTS: entraTenantId,
    AUTH_JWKS: "https://login.microsoftonline.com/common/discovery/v2.0/keys",
  };
}

function localSettings(): Record<string, string> {
  return {
    ...commonSettings(),
    DATA_DIR: join(documents, "data"),
    ServiceBusConnection:
      "Endpoint=sb://127.0.0.1;SharedAccessKeyName=none;SharedAccessKey=none",
  };
}

function azureSettings(): Record<string, string> {
  return {
    ...commonSettings(),
    COSMOS_ENDPOINT: "https://example.documents.azure.com",
    VAULT_BLOB_URL: "https://example1.blob.core.windows.net",
    KEYS_BLOB_URL: "https://example2.blob.core.windows.net",
    KEY_VAULT_URL: "https://example.vault.azure.net",
    ServiceBusConnection__fullyQualifiedNamespace:
      "example.servicebus.windows.net",
    AZURE_OPENAI_ENDPOINT: "https://example.openai.azure.com",
    MODEL_NAME: "gpt",
  };
}

/** Request units and data requests of a job, from its POST to its result, with one artifact and with five. */
async function measureCharges() {
  const folder = await mkdtemp(join(tmpdir(), "nucleus-bench-cloud-"));
  const cloud = await startCloud(folder);
  cloud.openai.replyWith(
    answers(
      JSON.stringify({
        answer: "On 1 June 2029.",
        keyPoints: [],
        quotes: [],
        notFound: false,
      }),
    ),
  );
  const app = await startBenchApp(documents, {
    settings: { ...cloud.environment },
    token: await cloud.entra.token({
      tid: entraTenantId,
      roles: ["adapter"],
    }),
  });
  const chargeOf = async (artifacts: readonly string[]) => {
    const before = {
      units: cloud.cosmos.charged(),
      requests: cloud.cosmos.requests.length,
    };
    const count = 10;
    const { samples } = await closedLoop(1, count, async () =>
      // Asked once a second, so that polling hardly counts.
      untilEnded(app, await post(app, artifacts), 1000),
    );
    return {
      artifacts: artifacts.length,
      requestUnits: (cloud.cosmos.charged() - before.units) / count,
      requests: (cloud.cosmos.requests.length - before.requests) / count,
      ms: toSpread(samples),
    };
  };
  try {
    await untilEnded(app, await post(app, files.slice(0, 1)));
    return [await chargeOf(files.slice(0, 1)), await chargeOf(files)];
  } finally {
    await app.stop();
    await cloud.close();
    await rm(app.home, { recursive: true, force: true });
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Jobs a second, and the processor time of the app's processes for each, with telemetry and without, in turn. The
 * endpoint works in this process, so the app's own processor time is what telemetry costs, also on a busy machine.
 */
async function measureTelemetry() {
  const ingestion = await startIngestion();
  const { file } = await trustedCertificate();
  const settings = {
    APPLICATIONINSIGHTS_CONNECTION_STRING: ingestion.connectionString,
    NODE_EXTRA_CA_CERTS: file,
  };
  const throughput = async (given: Readonly<Record<string, string>>) => {
    const app = await startBenchApp(documents, { settings: given });
    try {
      await closedLoop(16, 32, () => run(app));
      const before = app.cpuMs();
      const { totalMs } = await closedLoop(16, jobCount, () => run(app));
      return {
        jobsPerSecond: jobCount / (totalMs / 1000),
        cpuMs: (app.cpuMs() - before) / jobCount,
      };
    } finally {
      await app.stop();
      await rm(app.home, { recursive: true, force: true });
    }
  };
  const run = async (app: Awaited<ReturnType<typeof startBenchApp>>) =>
    untilEnded(app, await post(app, files.slice(0, 1)), 100);
  try {
    const pairs: { off: Throughput; on: Throughput }[] = [];
    for (let round = 0; round < rounds; round += 1) {
      // In turn first and second, so that a machine that slows down is fair to both.
      const isOnFirst = round % 2 === 1;
      const first = await throughput(isOnFirst ? settings : {});
      const second = await throughput(isOnFirst ? {} : settings);
      pairs.push(
        isOnFirst ? { on: first, off: second } : { off: first, on: second },
      );
    }
    const median = (of: (pair: (typeof pairs)[number]) => number) =>
      toSpread(pairs.map(of)).p50;
    return {
      pairs,
      cpuRatio: median(({ on, off }) => on.cpuMs / off.cpuMs),
      throughputRatio: median(
        ({ on, off }) => on.jobsPerSecond / off.jobsPerSecond,
      ),
    };
  } finally {
    await ingestion.close();
  }
}

function print({
  bundle,
  importMs,
  requestUnits,
  telemetry,
}: {
  readonly bundle: ReturnType<typeof measureBundle>;
  readonly importMs: { readonly oneMachine: number; readonly azure: number };
  readonly requestUnits: Awaited<ReturnType<typeof measureCharges>>;
  readonly telemetry: Awaited<ReturnType<typeof measureTelemetry>>;
}): void {
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  console.log(
    `bundle: ${mib(bundle.entryBytes)} at the entry, ${mib(bundle.allBytes)} with all that is loaded when needed`,
  );
  console.log(
    `load and open: ${importMs.oneMachine.toFixed(0)} ms with one-machine adapters, ${importMs.azure.toFixed(0)} ms with Azure's`,
  );
  for (const each of requestUnits)
    console.log(
      `Cosmos DB, ${each.artifacts} artifact(s): ${each.requestUnits.toFixed(0)} request units and ${each.requests.toFixed(0)} requests a job (p50 ${each.ms.p50.toFixed(0)} ms)`,
    );
  const said = ({ jobsPerSecond, cpuMs }: Throughput) =>
    `${jobsPerSecond.toFixed(1)} jobs/s with ${cpuMs.toFixed(1)} ms of processor time each`;
  for (const { off, on } of telemetry.pairs)
    console.log(`telemetry off: ${said(off)}; on: ${said(on)}`);
  console.log(
    `telemetry, on to off, medians: processor time ${telemetry.cpuRatio.toFixed(3)}, throughput ${telemetry.throughputRatio.toFixed(3)}`,
  );
}
