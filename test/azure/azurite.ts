import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { trustedCertificate } from "./certificate.ts";

interface BlobServer {
  start(): Promise<void>;
  close(): Promise<void>;
  getHttpServerAddress(): string;
}

/** Azurite has neither types nor a door for use within a process. */
const load = createRequire(import.meta.url);
const { default: BlobConfiguration } = load(
  "azurite/dist/src/blob/BlobConfiguration.js",
) as { default: new (...options: readonly unknown[]) => object };
const { default: BlobServer } = load("azurite/dist/src/blob/BlobServer.js") as {
  default: new (configuration: object) => BlobServer;
};

/** Blob Storage over TLS in this process, in memory, which takes Entra ID tokens for its accounts. */
export interface Azurite {
  /** `https://127.0.0.1:port/account`, as a blob service's URL. */
  serviceUrl(account: AzuriteAccount): string;
  close(): Promise<void>;
}

const accounts = ["vault1", "keys1", "artifacts1"] as const;
export type AzuriteAccount = (typeof accounts)[number];
/** Known to nobody but Azurite: the app signs in with tokens. */
const accountKey = Buffer.from("nucleus-test-only").toString("base64");

/** Starts Azurite (its internals, so the package is pinned exactly); tokens are checked, their signature is not. */
export async function startAzurite(): Promise<Azurite> {
  const certificate = await trustedCertificate();
  const folder = mkdtempSync(join(tmpdir(), "nucleus-azurite-"));
  const keyFile = join(folder, "key.pem");
  writeFileSync(keyFile, certificate.key);
  process.env["AZURITE_ACCOUNTS"] = accounts
    .map((account) => `${account}:${accountKey}`)
    .join(";");
  const configuration = new BlobConfiguration(
    "127.0.0.1",
    0,
    undefined,
    join(folder, "blobs.json"),
    join(folder, "extents.json"),
    [],
    false,
    undefined,
    false,
    undefined,
    false,
    true,
    certificate.file,
    keyFile,
    "",
    "basic",
    true,
    true,
  );
  const server = new BlobServer(configuration);
  await server.start();
  const origin = server.getHttpServerAddress();
  return {
    serviceUrl: (account) => `${origin}/${account}`,
    async close() {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
