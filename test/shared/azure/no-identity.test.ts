import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import {
  createCredential,
  identityKinds,
} from "../../../shared/azure/create-credential.ts";
import { stubIdentityEnvironment } from "../../azure/identity-environment.ts";

const scope = "https://vault.azure.net/.default";
const unavailable = { code: "identity_unavailable" };

beforeEach(() => {
  stubIdentityEnvironment({
    // A metadata service that refuses connections, as where there is none.
    AZURE_POD_IDENTITY_AUTHORITY_HOST: "http://127.0.0.1:1",
  });
  onTestFinished(() => void vi.unstubAllEnvs());
});

describe("without any identity", () => {
  it.each(identityKinds)(
    "the kind %s is unavailable within its time, and the app starts",
    async (kind) => {
      const credential = createCredential({
        kind,
        clientId: undefined,
        withinMs: 500,
      });
      const began = performance.now();
      await expect(credential.getToken(scope)).rejects.toMatchObject(
        unavailable,
      );
      expect(performance.now() - began).toBeLessThan(10_000);
    },
  );

  it("a choice of credentials that the SDK does not know is unavailable too", async () => {
    vi.stubEnv("AZURE_TOKEN_CREDENTIALS", "nonsense");
    const credential = createCredential({
      kind: "default",
      clientId: undefined,
    });
    await expect(credential.getToken(scope)).rejects.toMatchObject(unavailable);
  });

  it("a caller that gives up is told its own reason", async () => {
    const credential = createCredential({
      kind: "developer",
      clientId: undefined,
    });
    const failure: unknown = await credential
      .getToken(scope, { abortSignal: AbortSignal.abort() })
      .catch((error: unknown) => error);
    expect(failure).not.toMatchObject(unavailable);
  });
});
