import type { TokenCredential } from "@azure/identity";
import { expect, onTestFinished, test } from "vitest";
import {
  createGraphCredentials,
  type GraphCredentialOptions,
} from "../../../shared/artifacts/adapters/microsoft-graph-credentials.ts";
import { Tag } from "../../../shared/kernel/metadata.ts";
import { contosoId, fabrikamId, startEntra } from "../../azure/entra.ts";
import { failureOf } from "../../contracts/artifact-provider.ts";
import { contoso, driveId, openGraph } from "./graph-source.ts";

const fabrikam = Tag.parse(fabrikamId);
const strangerId = "5a000000-0000-4000-8000-00000000005a";
const uri = `drives/${driveId}/items/01ABCDEF`;
const file = { driveId, itemId: "01ABCDEF", bytes: Buffer.from("x") };
const clientId = "a0000000-0000-4000-8000-0000000000ad";

/** Graph behind the real SDK's credentials, with an app that Contoso and Fabrikam know. */
async function openTenants(proof: GraphCredentialOptions["proof"]) {
  const entra = await startEntra({
    registration: {
      clientId,
      secret: "the-secret",
      assertion: "the-assertion",
      tenants: [contosoId, fabrikamId],
    },
  });
  onTestFinished(() => entra.close());
  const opened = await openGraph({
    authority: entra,
    credentialFor: createGraphCredentials({
      clientId,
      proof,
      authorityHost: entra.origin,
    }),
  });
  opened.graph.put({ tenantId: contosoId, ...file });
  return opened;
}

function identityWith(token: string): TokenCredential & {
  readonly asked: (string | string[])[];
} {
  const asked: (string | string[])[] = [];
  return {
    asked,
    getToken(scopes) {
      asked.push(scopes);
      return Promise.resolve({
        token,
        expiresOnTimestamp: Date.now() + 60_000,
      });
    },
  };
}

test("a job reads its own tenant's drives, and nobody else's", async () => {
  const { graph, provider } = await openTenants({ secret: "the-secret" });
  expect(await failureOf(provider, uri, { tenantId: contoso })).toBe("none");
  expect(await failureOf(provider, uri, { tenantId: fabrikam })).toBe(
    "artifact_not_found",
  );
  expect(graph.downloads).toHaveLength(1);
});

test("the app's managed identity proves its registration", async () => {
  const assertion = identityWith("the-assertion");
  const { provider } = await openTenants({ assertion });
  expect(await failureOf(provider, uri, { tenantId: contoso })).toBe("none");
  expect(new Set(assertion.asked)).toEqual(
    new Set(["api://AzureADTokenExchange/.default"]),
  );
});

test("a tenant that does not know the app forbids it, for good", async () => {
  const { provider } = await openTenants({ secret: "the-secret" });
  const tenantId = Tag.parse(strangerId);
  expect(await failureOf(provider, uri, { tenantId })).toBe(
    "artifact_forbidden",
  );
});

test.each([
  ["a wrong secret", { secret: "old" }],
  ["a wrong assertion", { assertion: identityWith("other") }],
  [
    "a managed identity that has no token",
    { assertion: { getToken: () => Promise.resolve(null) } },
  ],
  [
    "a managed identity that fails",
    { assertion: { getToken: () => Promise.reject(new Error("marker-42")) } },
  ],
])("%s is the app's identity without a token", async (_, proof) => {
  const { graph, provider } = await openTenants(proof);
  expect(await failureOf(provider, uri, { tenantId: contoso })).toBe(
    "identity_unavailable",
  );
  expect(graph.calls).toEqual([]);
});

test.each(["t1", "contoso.onmicrosoft.com", "common", contosoId.slice(1)])(
  "the tenant %s is none of Entra ID's: refused, and nobody is asked",
  async (id) => {
    const { graph, provider } = await openTenants({ secret: "the-secret" });
    expect(await failureOf(provider, uri, { tenantId: Tag.parse(id) })).toBe(
      "artifact_refused",
    );
    expect(graph.calls).toEqual([]);
  },
);

test("a tenant's token is asked for once, and is its own", async () => {
  const { graph, provider } = await openTenants({ secret: "the-secret" });
  for (const tenantId of [contoso, fabrikam, contoso, fabrikam])
    await failureOf(provider, uri, { tenantId });
  const tokens = new Set(graph.calls.map(({ authorization }) => authorization));
  expect(tokens.size).toBe(2);
});

test("only so many tenants' credentials are kept, those used last", () => {
  const credentialFor = createGraphCredentials({
    clientId,
    proof: { secret: "the-secret" },
  });
  const first = credentialFor(contosoId);
  const second = credentialFor(fabrikamId);
  for (let index = 0; index < 499; index += 1) {
    credentialFor(`e0000000-0000-4000-8000-${String(index).padStart(12, "0")}`);
    credentialFor(contosoId);
  }
  expect(credentialFor(contosoId)).toBe(first);
  expect(credentialFor(fabrikamId)).not.toBe(second);
});

test("a sign-in that does not answer is given up with the job's signal", async () => {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const { provider } = await openGraph({
    credentialFor: () => ({
      getToken() {
        resolve();
        return new Promise<null>(() => undefined);
      },
    }),
  });
  const controller = new AbortController();
  const { signal } = controller;
  const outcome = failureOf(provider, uri, { tenantId: contoso, signal });
  await asked;
  controller.abort();
  expect(await outcome).toBe("artifact_timeout");
});

test("a token for another audience is no permission", async () => {
  const { provider } = await openGraph({
    scope: "https://vault.azure.net/.default",
  });
  expect(await failureOf(provider, uri, { tenantId: contoso })).toBe(
    "artifact_forbidden",
  );
});
