import { inspect } from "node:util";

/**
 * Something a user wrote, or words derived from it: a query, a document's bytes or text, a prompt, an answer, a file
 * name, a URL. It lives in the memory of one activity and, sealed, in the vault; nowhere else.
 *
 * The class is the wall between content and metadata: it is not assignable to any metadata type, and whatever would
 * write it down by accident (string conversion, JSON, `inspect`) is refused. Only `reveal…` opens it, so that each
 * place where content is in the clear can be found by that word.
 */
export class Content {
  readonly #bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  static fromText(text: string): Content {
    return new Content(Buffer.from(text, "utf8"));
  }

  /** The bytes are not copied: the caller gives them away. */
  static fromBytes(bytes: Uint8Array): Content {
    return new Content(bytes);
  }

  static fromJson(value: unknown): Content {
    return Content.fromText(JSON.stringify(value));
  }

  get sizeBytes(): number {
    return this.#bytes.byteLength;
  }

  /** The content as UTF-8 text, in the clear. */
  revealText(): string {
    return Buffer.from(
      this.#bytes.buffer,
      this.#bytes.byteOffset,
      this.#bytes.byteLength,
    ).toString("utf8");
  }

  /** The content's bytes, in the clear and not copied. */
  revealBytes(): Uint8Array {
    return this.#bytes;
  }

  /** The content parsed as JSON, in the clear. */
  revealJson(): unknown {
    return JSON.parse(this.revealText());
  }

  /** @throws ContentExposed always: content is never part of a string. */
  toString(): never {
    throw new ContentExposed();
  }

  /** @throws ContentExposed always: content is never part of a JSON text. */
  toJSON(): never {
    throw new ContentExposed();
  }

  /** @throws ContentExposed always: content is never coerced. */
  [Symbol.toPrimitive](): never {
    throw new ContentExposed();
  }

  /** What a debugger, `console.log` or an assertion's diff may show. */
  [inspect.custom](): string {
    return "[content withheld]";
  }
}

/** Something tried to turn content into a string or JSON. A bug in Nucleus: it names the wall, never the content. */
export class ContentExposed extends Error {
  override readonly name = "ContentExposed";

  constructor() {
    super(
      "Content cannot be converted to a string or JSON. Seal it in the vault and pass its reference.",
    );
  }
}
