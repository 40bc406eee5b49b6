import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { expect, test } from "vitest";
import { contosoId, type Entra, fabrikamId } from "../../azure/entra.ts";
import { openEntra, startMs } from "./open-entra.ts";

type Forge = (entra: Entra) => Promise<string> | string;

const own = await generateKeyPair("RS256", { extractable: true });
const elliptic = await generateKeyPair("ES256");
const nowSeconds = startMs / 1000;

function encode(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return Buffer.from(text).toString("base64url");
}

/** What a real token says, without its signature. */
async function partsOf(entra: Entra): Promise<[string, string, string]> {
  const [header = "", claims = "", signature = ""] = (
    await entra.token()
  ).split(".");
  return [header, claims, signature];
}

async function claimsOf(entra: Entra): Promise<Record<string, unknown>> {
  const [, claims] = await partsOf(entra);
  return JSON.parse(Buffer.from(claims, "base64url").toString()) as Record<
    string,
    unknown
  >;
}

/** Signs what a real token says, or something else, with the attacker's own key. */
async function forge(
  entra: Entra,
  header: Readonly<Record<string, unknown>>,
): Promise<string> {
  return new SignJWT(await claimsOf(entra))
    .setProtectedHeader({ alg: "RS256", kid: entra.current().kid, ...header })
    .sign(own.privateKey);
}

/** Signs with the issuer's real key what no library would sign. */
async function signRaw(
  entra: Entra,
  claims: string,
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const { kid, privateKey } = entra.current();
  const input = `${encode({ alg: "RS256", kid, ...header })}.${encode(claims)}`;
  const signature = await crypto.subtle.sign(
    "RSASSA-PKCS1-v1_5",
    privateKey,
    Buffer.from(input),
  );
  return `${input}.${Buffer.from(signature).toString("base64url")}`;
}

const attacks: Readonly<Record<string, Forge>> = {
  "no signature, alg none": async (entra) => {
    const [, claims] = await partsOf(entra);
    return `${encode({ alg: "none", kid: entra.current().kid })}.${claims}.`;
  },
  "alg none in other letters": async (entra) => {
    const [, claims, signature] = await partsOf(entra);
    const header = encode({ alg: "nOnE", kid: entra.current().kid });
    return `${header}.${claims}.${signature}`;
  },
  "HS256 with the public key as its secret": async (entra) =>
    new SignJWT(await claimsOf(entra))
      .setProtectedHeader({ alg: "HS256", kid: entra.current().kid })
      .sign(Buffer.from(entra.current().spki)),
  "an ES256 key under the issuer's id": async (entra) =>
    new SignJWT(await claimsOf(entra))
      .setProtectedHeader({ alg: "ES256", kid: entra.current().kid })
      .sign(elliptic.privateKey),
  "RS512 with the issuer's key": async (entra) => {
    const [, claims, signature] = await partsOf(entra);
    const header = encode({ alg: "RS512", kid: entra.current().kid });
    return `${header}.${claims}.${signature}`;
  },
  "another issuer's key under the same id": (entra) => forge(entra, {}),
  "a key in the header": async (entra) =>
    forge(entra, { jwk: await exportJWK(own.publicKey) }),
  "an address of keys in the header": (entra) =>
    forge(entra, { jku: `${entra.origin}/attacker/keys` }),
  "an address of certificates in the header": (entra) =>
    forge(entra, { x5u: `${entra.origin}/attacker/x5c` }),
  "an extension that must be understood": async (entra) =>
    signRaw(entra, JSON.stringify(await claimsOf(entra)), {
      crit: ["x"],
      x: 1,
    }),
  "a payload that is not encoded": async (entra) =>
    signRaw(entra, JSON.stringify(await claimsOf(entra)), {
      crit: ["b64"],
      b64: false,
    }),
  "an audience of someone else": (entra) =>
    entra.token({ aud: "https://graph.microsoft.com" }),
  "no audience": (entra) => entra.token({ aud: undefined }),
  "its time is over": (entra) => entra.token({ exp: nowSeconds - 61 }),
  "no end of its time": (entra) => entra.token({ exp: undefined }),
  "an end that is text": (entra) => entra.token({ exp: "9999999999" }),
  "its time has not come": (entra) => entra.token({ nbf: nowSeconds + 61 }),
  "another tenant's id under this issuer": (entra) =>
    entra.token({ tid: fabrikamId, iss: entra.issuerOf(contosoId) }),
  "another tenant's issuer under this id": (entra) =>
    entra.token({ tid: contosoId, iss: entra.issuerOf(fabrikamId) }),
  "the issuer's pattern as the issuer": (entra) =>
    entra.token({ iss: entra.issuer }),
  "an issuer that goes on": (entra) =>
    entra.token({ iss: `${entra.issuerOf(contosoId)}/` }),
  "a tenant's id in capitals": (entra) =>
    entra.token({ tid: contosoId.toUpperCase() }),
  "a tenant's id that is a pattern": (entra) =>
    entra.token({ tid: "{tenantid}", iss: entra.issuer }),
  "a list of tenants": (entra) => entra.token({ tid: [contosoId] }),
  "version 1.0": (entra) =>
    entra.token({ ver: "1.0", iss: `https://sts.windows.net/${contosoId}/` }),
  "no client": (entra) => entra.token({ azp: undefined }),
  "roles that are text": (entra) => entra.token({ roles: "admin" }),
  "no key id": (entra) => entra.token({}, { kid: undefined }),
  "a key id that is a number": (entra) => entra.token({}, { kid: 1 }),
  "the last of two tenants, the first of two issuers": (entra) =>
    signRaw(
      entra,
      `{"tid":"${fabrikamId}","iss":"${entra.issuerOf(fabrikamId)}","aud":"api://nucleus","ver":"2.0","azp":"a","oid":"b","exp":${nowSeconds + 600},"tid":"${contosoId}"}`,
    ),
  "claims that are no object": (entra) => signRaw(entra, '["admin"]'),
  "claims that are no JSON": (entra) => signRaw(entra, '{"tid":'),
  "no claims": (entra) => signRaw(entra, ""),
  "claims that were changed": async (entra) => {
    const [header, , signature] = await partsOf(entra);
    const claims = encode({ ...(await claimsOf(entra)), roles: ["admin"] });
    return `${header}.${claims}.${signature}`;
  },
  "a header that is no JSON": async (entra) => {
    const [, claims, signature] = await partsOf(entra);
    return `${encode("{")}.${claims}.${signature}`;
  },
  "no dots": () => "token",
  "a token that is encrypted, as it seems": () => "a.b.c.d.e",
  "more than any token takes": (entra) =>
    entra.token({ groups: "g".repeat(20_000) }),
};

test.each(Object.keys(attacks))("%s: refused", async (name) => {
  const { entra, verify } = await openEntra();
  await verify(await entra.token());
  const token = await attacks[name]?.(entra);
  const error: unknown = await verify(token ?? "").catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ code: "unauthenticated", status: 401 });
  expect(error).not.toHaveProperty("cause");
  expect(String(error)).toBe(
    "NucleusError: unauthenticated: The bearer token is missing, expired or not valid here.",
  );
});

test.each([
  ["a path", "../../../../etc/passwd"],
  ["a URL", "https://attacker.example/keys"],
  ["SQL", "' OR 1=1; --"],
  ["a known one that ends otherwise", "key-1\0"],
  ["long", "k".repeat(8000)],
  ["empty", ""],
])("a key id that is %s finds no key, and nobody is asked", async (_, kid) => {
  const { clock, entra, verify, outcome } = await openEntra();
  await verify(await entra.token());
  clock.nowMs += 60_000;
  expect(await outcome(entra.token({}, { kid }))).toBe("unauthenticated");
  expect(entra.keyFetches()).toBe(1);
});

test("a key id that is a property of every object finds no key", async () => {
  const { entra, outcome } = await openEntra();
  for (const kid of ["__proto__", "constructor"])
    expect(await outcome(entra.token({}, { kid }))).toBe("unauthenticated");
});

test("what is plainly wrong makes nobody ask for keys", async () => {
  const { entra, outcome } = await openEntra();
  for (const name of [
    "no signature, alg none",
    "HS256 with the public key as its secret",
    "another tenant's issuer under this id",
    "version 1.0",
    "no key id",
  ])
    expect(await outcome(await (attacks[name]?.(entra) ?? ""))).toBe(
      "unauthenticated",
    );
  expect(entra.keyFetches()).toBe(0);
});

test.each([
  null,
  "",
  "Bearer",
  "Bearer ",
  "Basic dXNlcjpwYXNz",
  "Bearer a b",
  "Bearer a\r\nb",
])("the header %j is no token", async (authorization) => {
  const { verifier } = await openEntra();
  await expect(verifier.verify(authorization)).rejects.toMatchObject({
    code: "unauthenticated",
  });
});
