import type { JobDocument } from "../jobs/documents.ts";
import type { Tag } from "../kernel/metadata.ts";
import { PersonaOpinion } from "../personas/persona-model.ts";
import type { ContentSafe } from "../vault/content-safe.ts";
import { contentNames, workRef } from "./content-names.ts";
import type { ResultOpinion } from "./result.ts";

/** The opinions that make a job's result, each of the round that counts, with its quotes' artifacts by name. */
export function openOpinions(
  safe: ContentSafe,
  job: JobDocument,
  answered: readonly Tag[],
  referenceIdOf: (artifactIndex: number) => string,
): Promise<ResultOpinion[]> {
  return Promise.all(
    answered.map(async (personaId) => {
      const round = job.panel?.opinions.find(
        (opinion) => opinion.personaId === personaId,
      )?.round;
      const version = job.personas?.find(
        (pin) => pin.personaId === personaId,
      )?.version;
      const ref = workRef(job.jobId, contentNames.opinion(personaId, round));
      const { agreesWith, ...opinion } = PersonaOpinion.parse(
        (await safe.open(ref)).revealJson(),
      );
      return {
        personaId,
        ...(version !== undefined && { version }),
        ...(round !== undefined && { round }),
        ...opinion,
        ...(agreesWith && {
          agreesWith: agreesWith.flatMap((item) => job.personaIds[item] ?? []),
        }),
        quotes: opinion.quotes.map((quote) => ({
          referenceId: referenceIdOf(quote.artifactIndex),
          ...quote,
        })),
      };
    }),
  );
}
