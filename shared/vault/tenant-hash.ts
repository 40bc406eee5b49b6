import { createHmac, hkdfSync, randomBytes } from "node:crypto";
import type { Content } from "../kernel/content.ts";
import { NucleusError } from "../kernel/errors.ts";
import { KeyedHash, Tag } from "../kernel/metadata.ts";
import { Secret, type Secrets } from "./secrets.ts";

/**
 * Keyed hashes of content: equal content of one tenant and domain has one hash, and nobody without the secret can guess
 * content from it, or compare it across tenants or domains. HMAC-SHA-256 under HKDF(secret `content-hash`, tenant,
 * domain). The secret is made once and has one version: a new one would make every stored hash incomparable.
 */
export interface TenantHasher {
  /** `domain` says what is hashed, such as `query` or `artifact`. */
  hash(tenantId: Tag, domain: string, content: Content): Promise<KeyedHash>;
  /** The same hash, over bytes that come in chunks. */
  start(tenantId: Tag, domain: string): Promise<StreamingHash>;
}

export interface StreamingHash {
  update(chunk: Uint8Array): void;
  /** Once, at the end. */
  digest(): KeyedHash;
}

const secretName = "content-hash";
const secretBytes = 32;

export function createTenantHasher(options: {
  readonly secrets: Secrets;
}): TenantHasher {
  const { secrets } = options;
  let root: Uint8Array | undefined;

  const loadRoot = async (): Promise<Uint8Array> => {
    if (root) return root;
    const { value } = await secrets.getOrCreate(secretName, () =>
      Secret.fromBytes(randomBytes(secretBytes)),
    );
    if (value.sizeBytes !== secretBytes) {
      throw new NucleusError("configuration_invalid");
    }
    root = value.revealBytes();
    return root;
  };

  const start = async (
    tenantId: Tag,
    domain: string,
  ): Promise<StreamingHash> => {
    const key = deriveKey(await loadRoot(), tenantId, domain);
    const hmac = createHmac("sha256", key);
    return {
      update: (chunk) => void hmac.update(chunk),
      digest: () => KeyedHash.parse(`h1.${hmac.digest("base64url")}`),
    };
  };

  return {
    start,
    async hash(tenantId, domain, content) {
      const hash = await start(tenantId, domain);
      hash.update(content.revealBytes());
      return hash.digest();
    },
  };
}

/** Tags hold no NUL, so tenant and domain cannot run into each other. */
function deriveKey(
  root: Uint8Array,
  tenantId: Tag,
  domain: string,
): Uint8Array {
  if (!Tag.safeParse(tenantId).success || !Tag.safeParse(domain).success) {
    throw new NucleusError("document_invalid");
  }
  const info = Buffer.from(`nucleus hash v1\0${tenantId}\0${domain}`, "utf8");
  return new Uint8Array(
    hkdfSync("sha256", root, new Uint8Array(0), info, secretBytes),
  );
}
