import { expect, test } from "vitest";
import { createTokenVerifier } from "../../../shared/auth/token-verifier.ts";
import { contosoId, fabrikamId } from "../../azure/entra.ts";
import { openEntra, startMs } from "./open-entra.ts";

const userId = "d0000000-0000-4000-8000-00000000000d";
const registrationId = "e0000000-0000-4000-8000-00000000000e";
const delegated = { oid: userId, sub: "pairwise", idtyp: "user" };

test("an application's token says its tenant, itself and its app roles", async () => {
  const { entra, verify } = await openEntra();
  const token = await entra.token({ roles: ["adapter", "somebody", "author"] });
  expect(await verify(token)).toEqual({
    tenantId: contosoId,
    appId: "a0000000-0000-4000-8000-00000000000a",
    userId: "b0000000-0000-4000-8000-00000000000b",
    roles: ["adapter", "author"],
  });
});

test.each([
  ["the scope", { scp: "profile access_as_user" }, ["reviewer"]],
  ["other scopes only", { scp: "profile access_as_user2" }, []],
  ["an empty scope", { scp: "" }, []],
  ["no scope, for a user by its type", { idtyp: "user", sub: userId }, []],
  ["no scope nor type, as an ID token", { idtyp: undefined }, []],
])("a client on behalf of a user with %s", async (_, claims, roles) => {
  const { entra, verify } = await openEntra();
  const token = entra.token({ ...delegated, roles: ["reviewer"], ...claims });
  expect(await verify(await token)).toMatchObject({ userId, roles });
});

test("the scope of clients on behalf of users has the name that the operator gave it", async () => {
  const { entra, verify } = await openEntra({ delegatedScope: "Jobs.Submit" });
  const token = entra.token({ ...delegated, scp: "Jobs.Submit" });
  expect(await verify(await token)).toMatchObject({ roles: ["adapter"] });
});

test("an audience is one of several: the registration's URI or its id", async () => {
  const audience = ["api://nucleus", registrationId];
  const { entra, outcome } = await openEntra({ audience });
  for (const aud of audience)
    expect(await outcome(entra.token({ aud }))).toBe("ok");
  expect(await outcome(entra.token({ aud: "api://nucleus2" }))).toBe(
    "unauthenticated",
  );
});

test("a tenant that is not listed is refused, and nobody is asked for its keys", async () => {
  const { entra, outcome } = await openEntra();
  const token = await entra.token({ tid: fabrikamId });
  expect(await outcome(token)).toBe("unauthenticated");
  expect(entra.keyFetches()).toBe(0);
});

test("* takes every tenant, each under its own id", async () => {
  const { entra, verify, outcome } = await openEntra({ tenants: ["*"] });
  for (const tid of [contosoId, fabrikamId])
    expect(await verify(await entra.token({ tid }))).toMatchObject({
      tenantId: tid,
    });
  expect(await outcome(entra.token({ tid: "common" }))).toBe("unauthenticated");
});

test("an issuer of one tenant takes that tenant's tokens only", async () => {
  const { entra } = await openEntra();
  const verifier = createTokenVerifier({
    issuer: entra.issuerOf(fabrikamId),
    audience: "api://nucleus",
    jwks: entra.jwksUrl,
    now: () => startMs,
  });
  const verify = async (tid: string, claims = {}) =>
    verifier.verify(`Bearer ${await entra.token({ tid, ...claims })}`);
  expect(await verify(fabrikamId)).toMatchObject({ tenantId: fabrikamId });
  const iss = entra.issuerOf(fabrikamId);
  await expect(verify(contosoId)).rejects.toThrow("unauthenticated");
  await expect(verify(contosoId, { iss })).rejects.toThrow("unauthenticated");
});

test("a key that Entra ID publishes for one tenant does not verify another's tokens", async () => {
  const { entra, outcome } = await openEntra({
    tenants: [contosoId, fabrikamId],
  });
  await entra.rotate(entra.issuerOf(fabrikamId));
  expect(await outcome(entra.token({ tid: fabrikamId }))).toBe("ok");
  expect(await outcome(entra.token({ tid: contosoId }))).toBe(
    "unauthenticated",
  );
});

test("clocks may be a minute apart, both ways", async () => {
  const { clock, entra, outcome } = await openEntra();
  const startSeconds = startMs / 1000;
  const token = await entra.token({
    nbf: startSeconds,
    exp: startSeconds + 600,
  });
  for (const [seconds, expected] of [
    [-61, "unauthenticated"],
    [-60, "ok"],
    [659, "ok"],
    [660, "unauthenticated"],
  ] as const) {
    clock.nowMs = startMs + seconds * 1000;
    expect(await outcome(token)).toBe(expected);
  }
});

test.each([
  ["no tenants", []],
  ["a tenant that is no id", ["contoso.com"]],
  ["an id beside *", ["*", contosoId]],
])("an issuer of many tenants with %s stops the start", (_, tenants) => {
  expect(() =>
    createTokenVerifier({
      issuer: "https://login.microsoftonline.com/{tenantid}/v2.0",
      audience: "api://nucleus",
      jwks: "https://login.microsoftonline.com/common/discovery/v2.0/keys",
      tenants,
    }),
  ).toThrow("AUTH_TENANTS");
});

test.each([
  "http://login.microsoftonline.com/common/discovery/v2.0/keys",
  "https:",
  "{}",
  '{"keys":[]}',
  '{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}',
  '{"keys":[{"kty":"RSA","use":"enc","n":"AQAB","e":"AQAB"}]}',
])("the keys %s stop the start", (jwks) => {
  expect(() =>
    createTokenVerifier({ issuer: "i", audience: "a", jwks }),
  ).toThrow("AUTH_JWKS");
});
