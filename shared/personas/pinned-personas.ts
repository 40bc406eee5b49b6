import { z } from "zod";
import type { JobDocument } from "../jobs/documents.ts";
import { Content } from "../kernel/content.ts";
import { NucleusError } from "../kernel/errors.ts";
import type { ContentRef, Tag } from "../kernel/metadata.ts";
import { contentNames, requestRef } from "../results/content-names.ts";
import type { ContentSafe } from "../vault/content-safe.ts";
import { PersonaDefinition } from "./persona.ts";
import { toPersonaPin } from "./persona-pin.ts";

/** What is sealed beside a job's request, so that an edit of a persona touches no job that was accepted before. */
const PinnedPersonas = z.strictObject({
  schemaVersion: z.literal(1),
  personas: z.array(PersonaDefinition),
});

/** Seals the definitions that a job was accepted with, under its request key. */
export function sealPersonas(
  safe: ContentSafe,
  jobId: Tag,
  personas: readonly PersonaDefinition[],
): Promise<ContentRef> {
  const pinned = { schemaVersion: 1, personas };
  return safe.seal(
    jobId,
    "request",
    contentNames.personas,
    Content.fromJson(pinned),
  );
}

/**
 * The definition that a job works with: today's where it is still the same (or the job has no pins, as those of version
 * 1.0.0), else the sealed one.
 *
 * @throws NucleusError persona_unknown
 */
export async function openPersona(
  options: {
    readonly safe: ContentSafe;
    readonly personas: ReadonlyMap<string, PersonaDefinition>;
  },
  job: Pick<JobDocument, "jobId" | "personas">,
  personaId: Tag,
): Promise<PersonaDefinition> {
  const current = options.personas.get(personaId);
  const pin = job.personas?.find((known) => known.personaId === personaId);
  const isPinned = current && toPersonaPin(current).hash === pin?.hash;
  if (current && (pin === undefined || isPinned)) return current;
  if (pin === undefined) throw new NucleusError("persona_unknown");
  const sealed = await options.safe.open(
    requestRef(job.jobId, contentNames.personas),
  );
  const { personas } = PinnedPersonas.parse(sealed.revealJson());
  const pinned = personas.find((known) => known.personaId === personaId);
  if (pinned === undefined) throw new NucleusError("persona_unknown");
  return pinned;
}
