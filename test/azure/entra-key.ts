import {
  type CryptoKey,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type GenerateKeyPairResult,
  type JWK,
} from "jose";

export interface EntraKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  /** As the key set has it; whose tokens it signs is its own field. */
  readonly published: JWK & {
    readonly cloud_instance_name: string;
    readonly issuer: string;
  };
  /** The public key as PEM. */
  readonly spki: string;
}

/** Every issuer's n-th key is the same one: making RSA keys takes long. */
const pairs = new Map<number, Promise<GenerateKeyPairResult>>();

/** An issuer's n-th key, with the fields that Entra ID publishes. `x5c` holds the bare key: nobody reads it. */
export async function createEntraKey(
  ordinal: number,
  issuer: string,
): Promise<EntraKey> {
  const pair = pairs.get(ordinal) ?? generateKeyPair("RS256");
  pairs.set(ordinal, pair);
  const { privateKey, publicKey } = await pair;
  const { kty = "RSA", n = "", e = "" } = await exportJWK(publicKey);
  const spki = await exportSPKI(publicKey);
  const kid = `key-${ordinal}`;
  return {
    kid,
    privateKey,
    spki,
    published: {
      kty,
      use: "sig",
      kid,
      x5t: kid,
      n,
      e,
      x5c: [spki.replaceAll(/-----[^-]+-----|\n/g, "")],
      cloud_instance_name: "microsoftonline.com",
      issuer,
    },
  };
}
