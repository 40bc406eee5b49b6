import { v7 } from "uuid";
import { Tag } from "./metadata.ts";

/** A new UUIDv7 in lower case: unique, and sorted by time of creation. */
export function newId(): Tag {
  return Tag.parse(v7());
}
