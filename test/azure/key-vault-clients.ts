import { SecretClient } from "@azure/keyvault-secrets";
import { afterAll, beforeAll, vi } from "vitest";
import { createKeyVaultSecrets } from "../../shared/vault/adapters/key-vault.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { startForwardProxy, type ForwardProxy } from "./forward-proxy.ts";
import { startIdentity, type Identity } from "./identity.ts";
import { createMutex } from "./key-vault-mutex.ts";
import { serveKeyVault, type KeyVault } from "./key-vault.ts";

/** Key Vault for the tests of one file, whose process reaches it through a proxy. */
export function useKeyVault() {
  let identity: Identity;
  let proxy: ForwardProxy;
  let keyVault: KeyVault;
  let opened = 0;

  beforeAll(async () => {
    identity = await startIdentity();
    proxy = await startForwardProxy();
    keyVault = await serveKeyVault({ identity, proxy });
    for (const [name, value] of Object.entries(proxy.environment)) {
      vi.stubEnv(name, value);
    }
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await proxy.close();
    await identity.close();
  });

  return {
    identity: () => identity,
    bytes: () => keyVault.bytes(),
    /** A new vault, an operator's client of it, and the app's; `openSecrets` gives one as another process has it. */
    openVault() {
      opened += 1;
      const vault = keyVault.vault(`nucleus-${opened}`);
      const clock = createManualClock();
      const options = {
        vaultUrl: vault.url,
        credential: identity.credential,
        withLock: createMutex(),
        now: clock.now,
        pollIntervalMs: 1,
        answerWithinMs: 1000,
      };
      const openSecrets = (
        changed: Partial<Parameters<typeof createKeyVaultSecrets>[0]> = {},
      ) => createKeyVaultSecrets({ ...options, ...changed });
      const operator = new SecretClient(vault.url, identity.credential);
      return { vault, clock, operator, openSecrets, secrets: openSecrets() };
    },
  };
}
