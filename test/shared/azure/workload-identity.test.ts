import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { createCredential } from "../../../shared/azure/create-credential.ts";
import { startForwardProxy } from "../../azure/forward-proxy.ts";
import { entraTenantId, startIdentity } from "../../azure/identity.ts";
import { stubIdentityEnvironment } from "../../azure/identity-environment.ts";
import { serveLogin, workloadRegistration } from "../../azure/login.ts";
import { createTempFolder } from "../../support/temp-folder.ts";

/** Entra ID that trusts one service account's token, and a pod that holds one. */
async function openPod(options: {
  readonly trusted: string;
  readonly held: string;
}) {
  const identity = await startIdentity();
  const proxy = await startForwardProxy();
  const registration = workloadRegistration(options.trusted);
  const login = await serveLogin({ proxy, identity, registration });
  const file = join(createTempFolder(), "token");
  writeFileSync(file, options.held);
  stubIdentityEnvironment({
    ...proxy.environment,
    AZURE_TENANT_ID: entraTenantId,
    AZURE_CLIENT_ID: registration.clientId,
    AZURE_FEDERATED_TOKEN_FILE: file,
  });
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await proxy.close();
    await identity.close();
  });
  return { identity, login };
}

const resource = "https://vault.azure.net";
const scope = `${resource}/.default`;

describe("a workload identity", () => {
  it.each(["workload-identity", "default"] as const)(
    "of the kind %s trades its file's token at Entra ID, once for all who ask",
    async (kind) => {
      const { identity, login } = await openPod({ trusted: "t", held: "t" });
      const credential = createCredential({ kind, clientId: undefined });
      const token = await credential.getToken(scope);
      await credential.getToken(scope);
      const header = `Bearer ${token?.token}`;
      expect(await identity.accepts(header, [resource])).toBe(true);
      const trades = login.asked.filter((line) => line.startsWith("POST"));
      expect(trades).toEqual([`POST /${entraTenantId}/oauth2/v2.0/token`]);
    },
  );

  it("whose token Entra ID does not trust is unavailable, and no text of Entra ID's is handed on", async () => {
    const { login } = await openPod({ trusted: "t", held: "another's" });
    const failure: unknown = await createCredential({
      kind: "workload-identity",
      clientId: undefined,
    })
      .getToken(scope)
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "identity_unavailable" });
    expect(String(failure)).not.toContain("AADSTS");
    expect(login.asked.some((line) => line.startsWith("POST"))).toBe(true);
  });
});
