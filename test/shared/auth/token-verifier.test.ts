import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import {
  createLocalIssuer,
  localAudience,
  localIssuerUrl,
} from "../../../local/issuer/local-issuer.ts";
import { createTokenVerifier } from "../../../shared/auth/token-verifier.ts";

const homes: string[] = [];
afterEach(async () => {
  for (const home of homes.splice(0))
    await rm(home, { recursive: true, force: true });
});

const startMs = Date.parse("2026-11-22T10:00:00Z");

async function openVerifier() {
  const home = await mkdtemp(join(tmpdir(), "nucleus-tokens-"));
  homes.push(home);
  const clock = { nowMs: startMs };
  const now = () => clock.nowMs;
  const issuer = await createLocalIssuer({ home, now });
  const verifier = createTokenVerifier({
    issuer: localIssuerUrl,
    audience: localAudience,
    jwks: JSON.stringify(issuer.jwks()),
    now,
  });
  const issue = async (ttlSeconds: number) =>
    `Bearer ${await issuer.issueToken({
      roles: ["adapter"],
      tenantId: "t1",
      userId: "u1",
      ttlSeconds,
    })}`;
  return { clock, verifier, issue };
}

test("a token that was verified is known again, until it expires", async () => {
  const { clock, verifier, issue } = await openVerifier();
  const token = await issue(600);
  const first = await verifier.verify(token);
  expect(await verifier.verify(token)).toBe(first);

  clock.nowMs = startMs + 659_000;
  expect(await verifier.verify(token)).toEqual(first);
  clock.nowMs = startMs + 661_000;
  await expect(verifier.verify(token)).rejects.toMatchObject({
    code: "unauthenticated",
  });
});

test("a verified token is verified anew after five minutes", async () => {
  const { clock, verifier, issue } = await openVerifier();
  const token = await issue(3600);
  const first = await verifier.verify(token);
  clock.nowMs = startMs + 5 * 60_000;
  const again = await verifier.verify(token);
  expect(again).toEqual(first);
  expect(again).not.toBe(first);
});

test("a token that resembles a verified one is refused", async () => {
  const { verifier, issue } = await openVerifier();
  const token = await issue(600);
  await verifier.verify(token);
  const [header, , signature] = token.split(".");
  const claims = Buffer.from(JSON.stringify({ tid: "t2" })).toString(
    "base64url",
  );
  await expect(
    verifier.verify(`${header}.${claims}.${signature}`),
  ).rejects.toMatchObject({ code: "unauthenticated" });
});
