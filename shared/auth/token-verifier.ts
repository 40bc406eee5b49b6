import { decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { type Now, systemNow } from "../kernel/clock.ts";
import { ConfigurationError } from "../kernel/config.ts";
import { NucleusError } from "../kernel/errors.ts";
import { AccessToken, AccessTokenHeader, toPrincipal } from "./access-token.ts";
import type { Principal } from "./principal.ts";
import { createRemoteKeys } from "./remote-keys.ts";
import {
  createFixedKeys,
  parseSigningKeys,
  type SigningKeys,
} from "./signing-keys.ts";
import {
  createIssuerRule,
  isIssuedBy,
  type IssuerRule,
} from "./token-issuer.ts";

export interface TokenVerifier {
  /**
   * The caller of a request, from its `Authorization` header.
   *
   * @throws NucleusError unauthenticated; service_unavailable when the issuer's keys are needed and cannot be read.
   */
  verify(authorization: string | null): Promise<Principal>;
  /** @throws NucleusError service_unavailable when the issuer's keys cannot be read */
  ping(): Promise<void>;
}

export interface TokenVerifierOptions {
  /** The `iss` that tokens must carry; `{tenantid}` in it stands for the token's own `tid`. */
  readonly issuer: string;
  /** Of which the token's `aud` must be one: `api://…`, and the registration's id. */
  readonly audience: string | readonly string[];
  /** A JSON Web Key Set as text, or the https URL at which the issuer publishes it. */
  readonly jwks: string;
  /** The tenants that may call; needed with `{tenantid}`, where `*` is any. */
  readonly tenants?: readonly string[];
  /** The scope with which clients act on behalf of users. */
  readonly delegatedScope?: string;
  readonly now?: Now;
}

const clockToleranceSeconds = 60;
/** A verified token is not verified again for so long, or until it expires: a caller that polls sends the same one. */
const cacheForMs = 5 * 60_000;
const cacheAtMost = 1000;
/** Entra ID's are some 2 KB, and never hold more than 200 groups. */
const maxTokenLength = 16 * 1024;

interface Verified {
  readonly principal: Principal;
  readonly untilMs: number;
}

/**
 * Verifies RS256 access tokens of Entra ID, or of an issuer whose tokens look the same.
 *
 * @throws ConfigurationError when the key set or the tenants are malformed or missing.
 */
export function createTokenVerifier(
  options: TokenVerifierOptions,
): TokenVerifier {
  const { now = systemNow } = options;
  const keys = createKeys(options.jwks, now);
  const check = createCheck(options, keys, now);
  const known = new Map<string, Verified>();

  const remember = (token: string, verified: Verified): void => {
    known.delete(token);
    known.set(token, verified);
    const oldest = known.keys().next();
    if (known.size > cacheAtMost && !oldest.done) known.delete(oldest.value);
  };

  return {
    async verify(authorization) {
      const token = bearerOf(authorization);
      if (token === undefined) throw new NucleusError("unauthenticated");
      const cached = known.get(token);
      if (cached && now() < cached.untilMs) return cached.principal;
      known.delete(token);
      try {
        const verified = await check(token);
        remember(token, verified);
        return verified.principal;
      } catch (thrown) {
        if (thrown instanceof NucleusError) throw thrown;
        throw new NucleusError("unauthenticated");
      }
    },
    ping: async () => void (await keys.find("any")),
  };
}

/** Throws whatever is wrong with a token: what it says of it is for nobody. */
function createCheck(
  { issuer, audience, tenants = [], ...options }: TokenVerifierOptions,
  keys: SigningKeys,
  now: Now,
): (token: string) => Promise<Verified> {
  const { delegatedScope = "access_as_user" } = options;
  const isAccepted = createIssuerRule({ issuer, tenants });

  return async (token) => {
    const { key, iss } = await chooseKey(token, keys, isAccepted);
    const { payload } = await jwtVerify(token, key, {
      algorithms: ["RS256"],
      issuer: iss,
      audience: typeof audience === "string" ? audience : [...audience],
      clockTolerance: clockToleranceSeconds,
      currentDate: new Date(now()),
      requiredClaims: ["exp"],
    });
    const claims = AccessToken.parse(payload);
    const expiresAtMs = (claims.exp + clockToleranceSeconds) * 1000;
    return {
      principal: toPrincipal(claims, delegatedScope),
      untilMs: Math.min(now() + cacheForMs, expiresAtMs),
    };
  };
}

/**
 * The key that must have signed a token, and the issuer that it names. Nothing is verified yet, so what the token says
 * only chooses among what is trusted; what cannot be right is out before anybody is asked for keys.
 */
async function chooseKey(
  token: string,
  keys: SigningKeys,
  isAccepted: IssuerRule,
) {
  const { kid } = AccessTokenHeader.parse(decodeProtectedHeader(token));
  const claimed = AccessToken.parse(decodeJwt(token));
  if (!isAccepted(claimed)) throw new NucleusError("unauthenticated");
  const candidates = await keys.find(kid);
  const chosen = candidates.find(
    (each) => each.issuer === undefined || isIssuedBy(each.issuer, claimed),
  );
  if (chosen === undefined) throw new NucleusError("unauthenticated");
  return { key: chosen.key, iss: claimed.iss };
}

function bearerOf(authorization: string | null): string | undefined {
  if (authorization === null || authorization.length > maxTokenLength)
    return undefined;
  return /^Bearer ([\w.~+/=-]+)$/i.exec(authorization)?.[1];
}

function createKeys(jwks: string, now: Now): SigningKeys {
  const url = /^https:/i.test(jwks) ? URL.parse(jwks) : null;
  if (url !== null) return createRemoteKeys({ url, now });
  try {
    return createFixedKeys(parseSigningKeys(jwks));
  } catch {
    throw new ConfigurationError(
      "Setting AUTH_JWKS: must be an https URL, or a JSON Web Key Set with at least one RSA key. See docs/configuration.md.",
    );
  }
}
