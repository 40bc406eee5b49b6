import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  SignJWT,
  type JSONWebKeySet,
  type JWK,
} from "jose";
import { z } from "zod";
import type { Now } from "../../shared/kernel/clock.ts";

/** `iss` of the embedded runtime's tokens (the app's setting AUTH_ISSUER). */
export const localIssuerUrl = "https://nucleus.local/issuer";
/** `aud` of the embedded runtime's tokens (the app's setting AUTH_AUDIENCE). */
export const localAudience = "api://nucleus";

/** The embedded runtime's stand-in for Entra ID: signs access tokens with a key that lies in NUCLEUS_HOME. */
export interface LocalIssuer {
  /** An RS256 access token with the claims of an Entra v2 token. */
  issueToken(request: TokenRequest): Promise<string>;
  /** The public key, for the app's setting AUTH_JWKS. */
  jwks(): JSONWebKeySet;
}

export interface TokenRequest {
  readonly roles: readonly string[];
  readonly tenantId: string;
  readonly userId: string;
  /** The calling application; by default the user's own, so that two users are two adapters. */
  readonly appId?: string;
  readonly ttlSeconds: number;
}

export interface LocalIssuerOptions {
  readonly home: string;
  readonly now: Now;
}

/** The file holds a private key, so its text is never part of a message. */
export class IssuerFileInvalid extends Error {
  override readonly name = "IssuerFileInvalid";

  constructor(file: string) {
    super(
      `${file} is damaged. Delete it: a new key is made, and tokens issued before are refused.`,
    );
  }
}

const SigningKey = z.object({
  kty: z.literal("RSA"),
  kid: z.string().min(1),
  alg: z.literal("RS256"),
  use: z.literal("sig"),
  n: z.string(),
  e: z.string(),
  d: z.string(),
  p: z.string(),
  q: z.string(),
  dp: z.string(),
  dq: z.string(),
  qi: z.string(),
});

/**
 * Opens the issuer of `home`; the first time, makes its key (`issuer.json`, mode 0600).
 *
 * @throws IssuerFileInvalid when the key file is damaged.
 */
export async function createLocalIssuer(
  options: LocalIssuerOptions,
): Promise<LocalIssuer> {
  const file = join(options.home, "issuer.json");
  const stored = (await readText(file)) ?? (await createKeyFile(file));
  const jwk = parseKey(file, stored);
  const key = await importJWK(jwk, "RS256").catch(() => {
    throw new IssuerFileInvalid(file);
  });
  const { kty, kid, alg, use, n, e } = jwk;

  return {
    issueToken: (request) => {
      const issuedAt = Math.floor(options.now() / 1000);
      return new SignJWT({
        tid: request.tenantId,
        oid: request.userId,
        azp: request.appId ?? request.userId,
        roles: [...request.roles],
        ver: "2.0",
      })
        .setProtectedHeader({ alg: "RS256", kid, typ: "JWT" })
        .setIssuer(localIssuerUrl)
        .setAudience(localAudience)
        .setSubject(request.userId)
        .setIssuedAt(issuedAt)
        .setNotBefore(issuedAt)
        .setExpirationTime(issuedAt + request.ttlSeconds)
        .sign(key);
    },
    jwks: () => ({ keys: [{ kty, kid, alg, use, n, e }] }),
  };
}

/** `link` fails when the name is taken: of two processes that make a key at once, one wins and both read its key. */
async function createKeyFile(file: string): Promise<string> {
  const { privateKey } = await generateKeyPair("RS256", {
    modulusLength: 2048,
    extractable: true,
  });
  const jwk: JWK = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(jwk);
  const text = JSON.stringify({ ...jwk, kid, alg: "RS256", use: "sig" });
  await mkdir(join(file, ".."), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${randomUUID()}`;
  await writeFile(temporary, text, { mode: 0o600, flush: true });
  try {
    await link(temporary, file);
    return text;
  } catch (error) {
    if (!isFileError(error, "EEXIST")) throw error;
    return await readFile(file, "utf8");
  } finally {
    await unlink(temporary);
  }
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (isFileError(error, "ENOENT")) return undefined;
    throw error;
  }
}

function parseKey(file: string, text: string): z.infer<typeof SigningKey> {
  try {
    return SigningKey.parse(JSON.parse(text));
  } catch {
    throw new IssuerFileInvalid(file);
  }
}

function isFileError(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
