import { z } from "zod";
import { NucleusError } from "../kernel/errors.ts";
import { ContentRef, Tag } from "../kernel/metadata.ts";

/** What sealed content is for; each purpose of an owner has a key of its own and is shredded on its own. */
const purposes = ["request", "work", "result", "endpoint"] as const;
export type Purpose = (typeof purposes)[number];

/** Whose key: a job (or a webhook, for its endpoint) and one purpose. */
export interface VaultOwner {
  readonly owner: Tag;
  readonly purpose: Purpose;
}

export interface VaultObject extends VaultOwner {
  readonly name: Tag;
}

const Parts = z.tuple([Tag, z.enum(purposes), Tag]);

/** @throws NucleusError document_invalid when the owner or the name has characters that a reference cannot hold */
export function toContentRef(object: VaultObject): ContentRef {
  const { owner, purpose, name } = object;
  const parsed = ContentRef.safeParse(`${owner}:${purpose}:${name}`);
  if (!parsed.success) throw new NucleusError("document_invalid");
  return parsed.data;
}

/** @throws NucleusError document_invalid when it is no content reference */
export function fromContentRef(ref: ContentRef): VaultObject {
  const checked = ContentRef.safeParse(ref);
  const parts = Parts.safeParse(ref.split(":"));
  if (!checked.success || !parts.success) {
    throw new NucleusError("document_invalid");
  }
  const [owner, purpose, name] = parts.data;
  return { owner, purpose, name };
}

/** The parts as an owner; nothing when a reference cannot hold them. */
export function toVaultOwner(
  owner: string,
  purpose: string,
): VaultOwner | undefined {
  const ref = ContentRef.safeParse(`${owner}:${purpose}:any`);
  if (!ref.success) return undefined;
  const object = fromContentRef(ref.data);
  return { owner: object.owner, purpose: object.purpose };
}
