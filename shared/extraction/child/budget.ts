import { Unreadable } from "./unreadable.ts";

/** How many bytes may still come out of an artifact, its parts and their parts included. */
export interface Budget {
  readonly left: number;
  /** @throws Unreadable `extraction_too_large` when there are not as many left; then none are taken. */
  spend(bytes: number): void;
}

export function createBudget(maxBytes: number): Budget {
  let left = maxBytes;
  return {
    get left() {
      return left;
    },
    spend(bytes) {
      if (bytes > left) throw new Unreadable("extraction_too_large");
      left -= bytes;
    },
  };
}
