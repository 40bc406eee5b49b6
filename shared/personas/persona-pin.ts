import { createHash } from "node:crypto";
import { z } from "zod";
import { defineMetadata, Tag } from "../kernel/metadata.ts";
import type { PersonaDefinition } from "./persona.ts";

/** Which definition exactly a job works with. */
export const PersonaPin = defineMetadata(
  z.strictObject({ personaId: Tag, version: Tag, hash: Tag }),
);
export type PersonaPin = z.infer<typeof PersonaPin>;

/** The pin of a definition. Definitions are the operator's own words: a plain hash says nothing about content. */
export function toPersonaPin(persona: PersonaDefinition): PersonaPin {
  const hash = createHash("sha256")
    .update(JSON.stringify(persona, withSortedKeys))
    .digest("base64url");
  return {
    personaId: persona.personaId,
    version: persona.version,
    hash: Tag.parse(hash),
  };
}

/** The order of a file's lines does not count. */
function withSortedKeys(_: string, value: unknown): unknown {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(
        Object.entries(value).toSorted(([left], [right]) =>
          left < right ? -1 : 1,
        ),
      )
    : value;
}
