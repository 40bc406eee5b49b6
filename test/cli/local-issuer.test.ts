import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalJWKSet, jwtVerify } from "jose";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  createLocalIssuer,
  IssuerFileInvalid,
  localAudience,
  localIssuerUrl,
} from "../../local/issuer/local-issuer.ts";

let home = "";
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "nucleus-issuer-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const now = (): number => Date.UTC(2026, 10, 22);
const request = {
  roles: ["adapter", "observer"],
  tenantId: "t1",
  userId: "u1",
  ttlSeconds: 60,
};

test("a token has the claims of an Entra v2 access token and verifies with the published keys", async () => {
  const issuer = await createLocalIssuer({ home, now });
  const token = await issuer.issueToken(request);
  const { payload, protectedHeader } = await jwtVerify(
    token,
    createLocalJWKSet(issuer.jwks()),
    {
      issuer: localIssuerUrl,
      audience: localAudience,
      algorithms: ["RS256"],
      currentDate: new Date(now()),
    },
  );
  const issuedAt = now() / 1000;
  expect(protectedHeader.kid).toBe(issuer.jwks().keys[0]?.kid);
  expect(payload).toEqual({
    iss: localIssuerUrl,
    aud: localAudience,
    tid: "t1",
    oid: "u1",
    sub: "u1",
    azp: "u1",
    roles: ["adapter", "observer"],
    ver: "2.0",
    iat: issuedAt,
    nbf: issuedAt,
    exp: issuedAt + 60,
  });
});

test("the application can be another than the user", async () => {
  const issuer = await createLocalIssuer({ home, now });
  const token = await issuer.issueToken({ ...request, appId: "teams" });
  const { payload } = await jwtVerify(token, createLocalJWKSet(issuer.jwks()), {
    currentDate: new Date(now()),
  });
  expect(payload["azp"]).toBe("teams");
});

test("the published keys hold nothing private", async () => {
  const issuer = await createLocalIssuer({ home, now });
  const names = Object.keys(issuer.jwks().keys[0] ?? {});
  expect(names.toSorted()).toEqual(["alg", "e", "kid", "kty", "n", "use"]);
});

test("issuers opened at the same instant share one key, in a file that only its owner reads", async () => {
  const issuers = await Promise.all(
    Array.from({ length: 4 }, () => createLocalIssuer({ home, now })),
  );
  const kids = new Set(issuers.map((issuer) => issuer.jwks().keys[0]?.kid));
  expect(kids.size).toBe(1);
  expect(await readdir(home)).toEqual(["issuer.json"]);
  expect((await stat(join(home, "issuer.json"))).mode & 0o777).toBe(0o600);
});

test("a damaged key file is refused without quoting it", async () => {
  await writeFile(join(home, "issuer.json"), '{"kty":"RSA","d":"secret"');
  const opening = createLocalIssuer({ home, now });
  await expect(opening).rejects.toThrow(IssuerFileInvalid);
  await expect(opening).rejects.not.toThrow(/secret/);
});
