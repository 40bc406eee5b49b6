import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { z } from "zod";
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
  roles: z.array(z.string()).default([]),
});

/** Verifies RS256 access tokens against a key set that is given as text. */
export function createTokenVerifier(options: {
  readonly issuer: string;
  readonly audience: string;
  readonly jwks: string;
}): TokenVerifier {
  const keys = createLocalJWKSet(parseKeySet(options.jwks));
  return {
    async verify(authorization) {
      const token = /^Bearer ([\w.~+/=-]+)$/i.exec(authorization ?? "")?.[1];
      if (token === undefined) throw new NucleusError("unauthenticated");
      try {
        const { payload } = await jwtVerify(token, keys, {
          algorithms: ["RS256"],
          issuer: options.issuer,
          audience: options.audience,
          clockTolerance: 60,
          requiredClaims: ["exp"],
        });
        const claims = Claims.parse(payload);
        return {
          tenantId: claims.tid,
          appId: claims.azp,
          userId: claims.oid,
          roles: claims.roles.filter(isRole),
        };
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
