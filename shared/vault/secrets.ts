import { inspect } from "node:util";
import { z } from "zod";
import { NucleusError } from "../kernel/errors.ts";
import type { Tag } from "../kernel/metadata.ts";

/**
 * Where secrets lie: the key-encryption key, webhook secrets, model keys. Setting a secret adds a version; earlier ones
 * stay readable until the secret is deleted.
 *
 * S1. A secret that exists and cannot be read is an error, never an absent one: nothing is created in its place.
 */
export interface Secrets {
  /** The newest version, or nothing when the secret does not exist. */
  get(name: string): Promise<SecretVersion | undefined>;
  getVersion(name: string, version: string): Promise<Secret | undefined>;
  /** The newest version; of those who create it at the same time one wins, and all get the winner's. */
  getOrCreate(name: string, create: () => Secret): Promise<SecretVersion>;
  /** Adds a version. */
  set(name: string, value: Secret): Promise<SecretVersion>;
  /** Deletes the secret with all its versions; none is fine. */
  delete(name: string): Promise<void>;
  /** The names of all secrets, sorted. */
  list(): Promise<readonly string[]>;
}

export interface SecretVersion {
  readonly value: Secret;
  readonly version: Tag;
}

/** Key Vault's rule for names, held by every adapter. */
const SecretName = z.string().regex(/^[0-9A-Za-z-]{1,127}$/);

/** @throws NucleusError document_invalid when `name` is not 1 to 127 letters, digits and hyphens */
export function assertSecretName(name: string): void {
  if (!SecretName.safeParse(name).success) {
    throw new NucleusError("document_invalid");
  }
}

/** A secret's value in memory. Like `Content`, it opens with `reveal…` only and refuses to become a string or JSON. */
export class Secret {
  readonly #bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  static fromText(text: string): Secret {
    return new Secret(Buffer.from(text, "utf8"));
  }

  /** The bytes are not copied: the caller gives them away. */
  static fromBytes(bytes: Uint8Array): Secret {
    return new Secret(bytes);
  }

  get sizeBytes(): number {
    return this.#bytes.byteLength;
  }

  /** The secret as UTF-8 text, in the clear. */
  revealText(): string {
    return Buffer.from(this.#bytes).toString("utf8");
  }

  /** The secret's bytes, in the clear and not copied. */
  revealBytes(): Uint8Array {
    return this.#bytes;
  }

  /** @throws SecretExposed always. */
  toString(): never {
    throw new SecretExposed();
  }

  /** @throws SecretExposed always. */
  toJSON(): never {
    throw new SecretExposed();
  }

  /** @throws SecretExposed always. */
  [Symbol.toPrimitive](): never {
    throw new SecretExposed();
  }

  /** What a debugger, `console.log` or an assertion's diff may show. */
  [inspect.custom](): string {
    return "[secret withheld]";
  }
}

/** Something tried to turn a secret into a string or JSON. A bug in Nucleus. */
export class SecretExposed extends Error {
  override readonly name = "SecretExposed";

  constructor() {
    super("A secret cannot be converted to a string or JSON. Pass its name.");
  }
}
