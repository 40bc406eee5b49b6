import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { z } from "zod";
import { type Now, systemNow } from "../kernel/clock.ts";
import { ConfigurationError } from "../kernel/config.ts";
import { NucleusError } from "../kernel/errors.ts";
import { Tag } from "../kernel/metadata.ts";
import { type Principal, type Role, roles } from "./principal.ts";

export interface TokenVerifier {
  /**
   * The caller of a request, from its `Authorization` header.
   *
   * @throws NucleusError unauthenticated
   */
  verify(authorization: string | null): Promise<Principal>;
}

/** Starts with a letter or digit, so that no tenant can name one of our own partitions. */
const TenantId = Tag.refine((id) => /^[A-Za-z0-9]/.test(id));

/** The claims of an Entra ID v2 access token that Nucleus reads. */
const Claims = z.object({
  tid: TenantId,
  azp: Tag,
  oid: Tag,
  ver: z.literal("2.0"),
  exp: z.number(),
  roles: z.array(z.string()).default([]),
});

const clockToleranceSeconds = 60;
/** A verified token is not verified again for so long, or until it expires: a caller that polls sends the same one. */
const cacheForMs = 5 * 60_000;
const cacheAtMost = 1000;

interface Verified {
  readonly principal: Principal;
  readonly untilMs: number;
}

/** Verifies RS256 access tokens against a key set that is given as text. */
export function createTokenVerifier(options: {
  readonly issuer: string;
  readonly audience: string;
  readonly jwks: string;
  readonly now?: Now;
}): TokenVerifier {
  const { issuer, audience, now = systemNow } = options;
  const keys = createLocalJWKSet(parseKeySet(options.jwks));
  const known = new Map<string, Verified>();

  const check = async (token: string): Promise<Verified> => {
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ["RS256"],
      issuer,
      audience,
      clockTolerance: clockToleranceSeconds,
      currentDate: new Date(now()),
      requiredClaims: ["exp"],
    });
    const claims = Claims.parse(payload);
    const expiresAtMs = (claims.exp + clockToleranceSeconds) * 1000;
    return {
      principal: {
        tenantId: claims.tid,
        appId: claims.azp,
        userId: claims.oid,
        roles: claims.roles.filter(isRole),
      },
      untilMs: Math.min(now() + cacheForMs, expiresAtMs),
    };
  };

  const remember = (token: string, verified: Verified): void => {
    known.delete(token);
    known.set(token, verified);
    const oldest = known.keys().next();
    if (known.size > cacheAtMost && !oldest.done) known.delete(oldest.value);
  };

  return {
    async verify(authorization) {
      const token = /^Bearer ([\w.~+/=-]+)$/i.exec(authorization ?? "")?.[1];
      if (token === undefined) throw new NucleusError("unauthenticated");
      const cached = known.get(token);
      if (cached && now() < cached.untilMs) return cached.principal;
      try {
        const verified = await check(token);
        remember(token, verified);
        return verified.principal;
      } catch {
        throw new NucleusError("unauthenticated");
      }
    },
  };
}

function isRole(name: string): name is Role {
  return (roles as readonly string[]).includes(name);
}

function parseKeySet(text: string): JSONWebKeySet {
  const KeySet = z.object({
    keys: z.array(z.looseObject({ kty: z.string() })).min(1),
  });
  try {
    return KeySet.parse(JSON.parse(text));
  } catch {
    throw new ConfigurationError(
      "Setting AUTH_JWKS: must be a JSON Web Key Set with at least one key. See docs/configuration.md.",
    );
  }
}
