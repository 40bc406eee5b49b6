import type { ExtractionCode } from "../protocol.ts";

/** A document cannot be read, and why. It stays in the child: only its code is told. */
export class Unreadable extends Error {
  override readonly name = "Unreadable";
  readonly code: ExtractionCode;

  constructor(code: ExtractionCode) {
    super(code);
    this.code = code;
  }
}

/** The code for whatever was thrown: what a library chokes on is a damaged document. */
export function toExtractionCode(thrown: unknown): ExtractionCode {
  return thrown instanceof Unreadable ? thrown.code : "extraction_corrupt";
}
