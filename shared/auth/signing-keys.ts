import { createPublicKey, type KeyObject } from "node:crypto";
import { z } from "zod";

/** A public key that verifies access tokens. */
export interface SigningKey {
  readonly kid: string | undefined;
  /** Whose tokens it signs, with `{tenantid}` for any tenant's; undefined: whoever uses the key set. */
  readonly issuer: string | undefined;
  readonly key: KeyObject;
}

export interface SigningKeys {
  /**
   * The keys with exactly this id, which may be none: a token without an id is verified by a key without one.
   *
   * @throws NucleusError service_unavailable when nobody can be asked whether there is such a key.
   */
  find(kid: string | undefined): Promise<readonly SigningKey[]>;
}

const KeySet = z.object({ keys: z.array(z.unknown()) });

/** As Entra ID publishes them: `issuer` is its own field, and there is no `alg`. */
const RsaKey = z.object({
  kty: z.literal("RSA"),
  use: z.literal("sig").optional(),
  alg: z.literal("RS256").optional(),
  kid: z.string().optional(),
  issuer: z.string().optional(),
  n: z.string(),
  e: z.string(),
});

/**
 * The RSA keys of a JSON Web Key Set (RFC 7517); what cannot be used is left out.
 *
 * @throws Error when it is no key set, or no key is left.
 */
export function parseSigningKeys(text: string): readonly SigningKey[] {
  const keys = KeySet.parse(JSON.parse(text)).keys.flatMap(toSigningKeys);
  if (keys.length === 0) throw new Error("no RSA key for signatures");
  return keys;
}

function toSigningKeys(entry: unknown): readonly SigningKey[] {
  const parsed = RsaKey.safeParse(entry);
  if (!parsed.success) return [];
  const { kty, n, e, kid, issuer } = parsed.data;
  try {
    const key = createPublicKey({ key: { kty, n, e }, format: "jwk" });
    return [{ kid, issuer, key }];
  } catch {
    return [];
  }
}

/** Keys that stay as they are. */
export function createFixedKeys(keys: readonly SigningKey[]): SigningKeys {
  return {
    find: (kid) => Promise.resolve(keys.filter((key) => key.kid === kid)),
  };
}
