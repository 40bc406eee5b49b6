import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { loadConfig } from "../../shared/kernel/config.ts";
import { adapterChoices, Settings } from "../../shared/kernel/settings.ts";

const { Values: sample } = JSON.parse(
  readFileSync(
    resolve(import.meta.dirname, "../../local.settings.sample.json"),
    "utf8",
  ),
) as { Values: Record<string, string> };

/** What the Functions host itself reads. */
const ofTheHost = ["FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage"];

test("the sample names settings that there are, and no others", () => {
  const known = [...ofTheHost, ...Object.keys(Settings.shape)];
  expect(Object.keys(sample).filter((name) => !known.includes(name))).toEqual(
    [],
  );
});

test("the sample has every choice among adapters, and all that each needs", () => {
  const wanted = Object.entries(adapterChoices).flatMap(([name, options]) => [
    name,
    ...Object.values(options).flat(),
  ]);
  // The embedded runtime sets the folder itself.
  const missing = wanted.filter(
    (name) => name !== "DATA_DIR" && !(name in sample),
  );
  expect(missing).toEqual([]);
});

test("with the sample as it is, the app has its one-machine adapters", () => {
  const config = loadConfig({
    ...sample,
    DATA_DIR: "/data",
    PUBLIC_URL: "http://127.0.0.1:7071",
    AUTH_ISSUER: "https://nucleus.local/issuer",
    AUTH_AUDIENCE: "api://nucleus",
    AUTH_JWKS: "{}",
    ServiceBusConnection: "Endpoint=sb://127.0.0.1",
  });
  expect(config).toMatchObject({
    STORAGE: "sqlite",
    VAULT: "folder",
    KEYS: "sqlite",
    SECRETS: "file",
    MODEL: "extractive",
  });
});
