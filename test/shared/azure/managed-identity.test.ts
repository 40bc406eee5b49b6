import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createCredential } from "../../../shared/azure/create-credential.ts";
import { createKeyVaultSecrets } from "../../../shared/vault/adapters/key-vault.ts";
import {
  startForwardProxy,
  type ForwardProxy,
} from "../../azure/forward-proxy.ts";
import { startIdentity, type Identity } from "../../azure/identity.ts";
import { stubIdentityEnvironment } from "../../azure/identity-environment.ts";
import { createMutex } from "../../azure/key-vault-mutex.ts";
import { serveKeyVault } from "../../azure/key-vault.ts";

// One endpoint, and a resource for each test: the SDK keeps both, and tokens, for the whole process.
let identity: Identity;
let proxy: ForwardProxy;
let resources = 0;

beforeAll(async () => {
  identity = await startIdentity();
  proxy = await startForwardProxy();
  stubIdentityEnvironment({ ...identity.environment, ...proxy.environment });
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await proxy.close();
  await identity.close();
});

function newResource() {
  const resource = `https://service-${(resources += 1)}.test`;
  const asked = () => identity.asked.filter((each) => each === resource);
  return { resource, scope: `${resource}/.default`, asked };
}

const kinds = ["managed-identity", "default"] as const;
const open = (kind: (typeof kinds)[number] = "managed-identity") =>
  createCredential({ kind, clientId: undefined });

describe("a managed identity", () => {
  it.each(kinds)(
    "of the kind %s gets a token for each service, once for all who ask",
    async (kind) => {
      const [one, other] = [newResource(), newResource()];
      const credential = open(kind);
      const token = await credential.getToken(one.scope);
      const header = `Bearer ${token?.token}`;
      expect(await identity.accepts(header, [one.resource])).toBe(true);
      expect(await identity.accepts(header, [other.resource])).toBe(false);
      await open(kind).getToken(one.scope);
      await credential.getToken(other.scope);
      expect([one.asked().length, other.asked().length]).toEqual([1, 1]);
    },
  );

  it.each(kinds)(
    "that is user-assigned is asked for by its client id, with the kind %s",
    async (kind) => {
      const { scope, asked } = newResource();
      const clientId = `client-of-${kind}`;
      await createCredential({ kind, clientId }).getToken(scope);
      await open(kind).getToken(scope);
      expect(asked()).toHaveLength(2);
      expect(identity.askedFor.slice(-2)).toEqual([clientId, undefined]);
    },
  );

  it("whose token is about to expire is asked again", async () => {
    const { scope, asked } = newResource();
    identity.setLifetime(240);
    const credential = open();
    await credential.getToken(scope);
    identity.setLifetime(3600);
    const token = await credential.getToken(scope);
    expect(asked()).toHaveLength(2);
    const livesForMs = (token?.expiresOnTimestamp ?? 0) - Date.now();
    expect(livesForMs).toBeGreaterThan(3_000_000);
  });

  it("that is refused is unavailable, and is asked again the next time", async () => {
    const { scope } = newResource();
    const credential = open();
    identity.failWith(400);
    await expect(credential.getToken(scope)).rejects.toMatchObject({
      code: "identity_unavailable",
    });
    identity.failWith(undefined);
    expect(await credential.getToken(scope)).toHaveProperty("token");
  });

  it("that does not answer is unavailable within its time", async () => {
    const { scope, asked } = newResource();
    identity.failWith("silence");
    const credential = createCredential({
      kind: "managed-identity",
      clientId: undefined,
      withinMs: 500,
    });
    await expect(credential.getToken(scope)).rejects.toMatchObject({
      code: "identity_unavailable",
    });
    identity.failWith(undefined);
    expect(asked()).toHaveLength(1);
  });

  it("reads secrets of several vaults with one token; without one, it says so", async () => {
    const { vault } = await serveKeyVault({ identity, proxy });
    const openSecrets = (name: string) =>
      createKeyVaultSecrets({
        vaultUrl: vault(name).url,
        credential: open(),
        withLock: createMutex(),
      });
    identity.failWith(400);
    await expect(openSecrets("one").list()).rejects.toMatchObject({
      code: "identity_unavailable",
    });
    identity.failWith(undefined);
    const before = identity.asked.length;
    for (const name of ["one", "two"]) {
      const secrets = openSecrets(name);
      expect(await secrets.list()).toEqual([]);
      expect(await secrets.get("a")).toBeUndefined();
    }
    expect(identity.asked.slice(before)).toEqual(["https://vault.azure.net"]);
  });
});
