import { createHash } from "node:crypto";
import { NucleusError } from "../../kernel/errors.ts";
import { toVaultOwner, type VaultOwner } from "../vault-object.ts";

/**
 * How blobs of an owner begin: `{purpose}/{hash}.{owner}`.
 *
 * The purpose comes first because lifecycle rules go by prefix and differ by purpose (`bicep/blob-lifecycle.json`); a
 * piece of a hash comes next because owners' ids grow with time, and Blob Storage spreads its load by name.
 *
 * @throws NucleusError document_invalid when the owner has characters that a reference cannot hold
 */
export function toBlobPrefix({ owner, purpose }: VaultOwner): string {
  if (!toVaultOwner(owner, purpose)) throw new NucleusError("document_invalid");
  const hash = createHash("sha256").update(owner).digest("hex").slice(0, 4);
  return `${purpose}/${hash}.${owner}`;
}

/** The owner whose blobs begin like this; nothing when they are not an owner's. */
export function fromBlobPrefix(prefix: string): VaultOwner | undefined {
  const [purpose = "", name = ""] = prefix.split("/");
  const [, owner = ""] = /^[0-9a-f]{4}\.(.+)$/.exec(name) ?? [];
  const found = toVaultOwner(owner, purpose);
  return found && toBlobPrefix(found) === prefix ? found : undefined;
}
