import { expect, test } from "vitest";
import { ConfigurationError, loadConfig } from "../../shared/kernel/config.ts";

const local = {
  DATA_DIR: "/data",
  PUBLIC_URL: "http://127.0.0.1:7071",
  AUTH_ISSUER: "https://issuer.example",
  AUTH_AUDIENCE: "api://nucleus",
  AUTH_JWKS: "{}",
  ServiceBusConnection: "Endpoint=sb://127.0.0.1",
};
const azure = {
  ...local,
  DATA_DIR: "",
  AUTH_JWKS: "https://login.example/keys",
  ServiceBusConnection: "",
  ServiceBusConnection__fullyQualifiedNamespace: "ns.servicebus.windows.net",
  COSMOS_ENDPOINT: "https://account.documents.azure.com",
  VAULT_BLOB_URL: "https://vault.blob.core.windows.net",
  KEYS_BLOB_URL: "https://keys.blob.core.windows.net",
  KEY_VAULT_URL: "https://vault.vault.azure.net",
};

function refusalOf(environment: Readonly<Record<string, string>>): string {
  try {
    loadConfig(environment);
  } catch (thrown) {
    if (thrown instanceof ConfigurationError) return thrown.message;
    throw thrown;
  }
  return "none";
}

test("with nothing of Azure configured, every port has its one-machine adapter", () => {
  expect(loadConfig(local)).toMatchObject({
    STORAGE: "sqlite",
    VAULT: "folder",
    KEYS: "sqlite",
    SECRETS: "file",
    MODEL: "extractive",
  });
});

test("what is configured is chosen, and then no folder is needed", () => {
  expect(loadConfig(azure)).toMatchObject({
    STORAGE: "cosmos",
    VAULT: "blob",
    KEYS: "blob",
    SECRETS: "key-vault",
    COSMOS_DATABASE: "nucleus",
  });
});

test("one service at a time: a named choice wins over what is configured", () => {
  const mixed = { ...azure, DATA_DIR: "/data", VAULT: "folder" };
  expect(loadConfig(mixed)).toMatchObject({
    STORAGE: "cosmos",
    VAULT: "folder",
  });
});

test.each([
  [{ ...local, STORAGE: "cosmos" }, "COSMOS_ENDPOINT: STORAGE=cosmos needs it"],
  [{ ...azure, KEYS_BLOB_URL: "" }, "DATA_DIR: KEYS=sqlite needs it"],
  [{ ...local, MODEL_BASE_URL: "http://m/v1" }, "MODEL_NAME: MODEL=openai-com"],
  [{ ...local, STORAGE: "mongo" }, "STORAGE: "],
  [{ ...local, AUTH_JWKS: "" }, "AUTH_JWKS: "],
  [{ ...local, ServiceBusConnection: "" }, "ServiceBusConnection: is missing"],
  [
    { ...local, ServiceBusConnection__fullyQualifiedNamespace: "ns" },
    "ServiceBusConnection: is given, and so is",
  ],
  [{ ...local, PUBLIC_URL: "not a url" }, "PUBLIC_URL: "],
])(
  "settings that do not go together are refused by name: %#",
  (given, text) => {
    expect(refusalOf(given)).toContain(`Setting ${text}`);
  },
);

test("a refusal never shows a value", () => {
  const secret = "Endpoint=sb://x;SharedAccessKey=hunter2";
  const message = refusalOf({ ...local, PUBLIC_URL: secret });
  expect(message).not.toContain("hunter2");
});
