import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openAppHome } from "../support/app-process.ts";

const root = resolve(import.meta.dirname, "../..");

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "nucleus-doctor-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | string | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command with nothing in its environment but these settings. */
function nucleus(
  args: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return new Promise((done) => {
    execFile(
      process.execPath,
      [join(root, "dist/cli/nucleus.js"), ...args],
      {
        cwd: folder,
        env: { PATH: "/usr/bin:/bin", NUCLEUS_HOME: folder, ...settings },
      },
      (error, stdout, stderr) =>
        done({ code: error === null ? 0 : error.code, stdout, stderr }),
    );
  });
}

interface Finding {
  readonly port: string;
  readonly adapter: string;
  readonly place: string;
  readonly outcome: string;
  readonly advice?: string;
}

async function findingsOf(
  settings: Readonly<Record<string, string>> = {},
  ...args: readonly string[]
) {
  const { code, stdout } = await nucleus(
    ["doctor", "--json", ...args],
    settings,
  );
  const { findings } = JSON.parse(stdout) as { findings: readonly Finding[] };
  return {
    code,
    of: (port: string) => findings.find((each) => each.port === port),
  };
}

test("with no settings at all, doctor finds the adapters of one machine, and they answer", async () => {
  const { code, stdout } = await nucleus(["doctor"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^documents +sqlite +ok +\d+ ms +\S+documents\.db$/m);
  expect(stdout).toMatch(/^vault +folder +ok /m);
  expect(stdout).toMatch(/^model +extractive +ok /m);
  expect(stdout).toMatch(/^telemetry +none +- /m);
});

test("doctor asks the Service Bus of the app that runs in the same home", async () => {
  const app = await openAppHome({ home: folder, temporaryFolder: folder });
  try {
    await app.start();
    const { of } = await findingsOf();
    expect(of("messages")).toMatchObject({
      outcome: "ok",
      place: expect.stringMatching(/^sb:\/\/127\.0\.0\.1:\d+/) as string,
      advice: "webhook-deliveries: 0 active, 0 scheduled, 0 dead-lettered.",
    });
  } finally {
    await app.close();
  }
  expect((await findingsOf()).of("messages")).toMatchObject({
    outcome: "not asked",
    advice: "It runs while npm start does.",
  });
});

test("without any way to sign in, doctor says so, and that only the service that needs it fails", async () => {
  const { code, of } = await findingsOf({
    COSMOS_ENDPOINT: "https://127.0.0.1:9",
    IDENTITY: "workload-identity",
  });
  expect(code).toBe(1);
  expect(of("identity")?.place).toBe(
    "workload identity, not set up: AZURE_CLIENT_ID, AZURE_TENANT_ID, AZURE_FEDERATED_TOKEN_FILE not set",
  );
  expect(of("documents")).toMatchObject({
    adapter: "cosmos",
    outcome: "failed",
    advice: expect.stringContaining("gets no token") as string,
  });
  expect(of("vault")?.outcome).toBe("ok");
});

test("an issuer whose keys cannot be read is found, and a model only when it is asked for", async () => {
  const settings = {
    AUTH_ISSUER: "https://127.0.0.1:9/v2.0",
    AUTH_AUDIENCE: "api://nucleus",
    AUTH_JWKS: "https://127.0.0.1:9/keys",
    MODEL_BASE_URL: "http://127.0.0.1:9/v1",
    MODEL_NAME: "local",
  };
  const { of } = await findingsOf(settings);
  expect(of("sign-in")).toMatchObject({ outcome: "failed" });
  expect(of("model")).toMatchObject({ outcome: "not asked" });
  const asked = await findingsOf(settings, "--ask-model");
  expect(asked.of("model")).toMatchObject({
    adapter: "openai-compatible",
    outcome: "failed",
    advice: expect.stringContaining("The model does not answer.") as string,
  });
});

test("a connection string is never shown, only where it leads", async () => {
  const { stdout } = await nucleus(["doctor", "--json"], {
    ServiceBusConnection:
      "Endpoint=sb://127.0.0.1:9;SharedAccessKeyName=root;SharedAccessKey=hunter2;UseDevelopmentEmulator=true",
  });
  expect(stdout).toContain("sb://127.0.0.1:9");
  expect(stdout).not.toContain("hunter2");
});

test("settings that do not go together are one line, as at the start of the app", async () => {
  const ended = await nucleus(["doctor"], { STORAGE: "cosmos" });
  expect(ended).toMatchObject({
    code: 1,
    stdout: "",
    stderr:
      "nucleus: Setting COSMOS_ENDPOINT: STORAGE=cosmos needs it. See docs/configuration.md.\n",
  });
});

test("what would make Azure's libraries print addresses of artifacts is refused", async () => {
  const ended = await nucleus(["doctor"], { AZURE_LOG_LEVEL: "info" });
  expect(ended).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("Setting AZURE_LOG_LEVEL") as string,
  });
});

test("rotate-keys makes a new version each time, and says how many keys followed", async () => {
  const rotated = [
    await nucleus(["rotate-keys"]),
    await nucleus(["rotate-keys"]),
  ];
  expect(rotated.map(({ code, stdout }) => [code, stdout.trim()])).toEqual([
    [0, "The key-encryption key's version is now 1. Keys wrapped anew: 0."],
    [0, "The key-encryption key's version is now 2. Keys wrapped anew: 0."],
  ]);
});

test("the demo stays on this machine, whatever services the environment names", async () => {
  const { code, stdout } = await nucleus(["demo", "--json"], {
    COSMOS_ENDPOINT: "https://127.0.0.1:9",
    KEY_VAULT_URL: "https://nowhere.vault.azure.net",
    MODEL: "azure-openai",
    APPLICATIONINSIGHTS_CONNECTION_STRING: "InstrumentationKey=none",
  });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ status: "Completed" });
});
