import type { z } from "zod";
import type { JobDocument } from "../shared/jobs/documents.ts";
import { NucleusError } from "../shared/kernel/errors.ts";
import { Tag } from "../shared/kernel/metadata.ts";
import { type PanelRecord, toPanelRound } from "../shared/personas/panel.ts";
import { openPersona } from "../shared/personas/pinned-personas.ts";
import type { PersonaDefinition } from "../shared/personas/persona.ts";
import type { ContentSafe } from "../shared/vault/content-safe.ts";
import type {
  keepOutcome,
  OpinionOutcome,
} from "../shared/workflow/contracts.ts";
import { type KnowledgeKeeper, keepKnowledge } from "./keep-knowledge.ts";
import { selectDocuments } from "./open-documents.ts";

type Input = z.output<typeof keepOutcome.input>;

/** Keeps what may be kept of a job's work, and how its panel came to one answer: in ids, counts and scores. */
export function createKeepOutcome(
  options: KnowledgeKeeper & {
    readonly safe: ContentSafe;
    readonly personas: ReadonlyMap<string, PersonaDefinition>;
  },
) {
  const { steps, records } = options;
  return async (input: Input): Promise<z.output<typeof keepOutcome.output>> => {
    const { tenantId, jobId } = input;
    const key = { tenantId, jobId };
    const step = {
      key,
      step: "store",
      item: 0,
      status: "StoringMetadata",
    } as const;
    return steps.run(step, async (job) => {
      const artifacts = await records.listArtifacts(key);
      const read = await Promise.all(
        input.opinions.map(async ({ personaId }) => {
          const { knowledgeScope } = await openPersona(options, job, personaId);
          return selectDocuments(artifacts, input.readable, knowledgeScope);
        }),
      );
      const panel = toPanelRecord(job, input);
      const documents = await keepKnowledge(options, key, job, {
        entries: input.opinions.map((opinion, at) => ({
          ...toKnowledge(job, opinion),
          artifactIndexes: read[at] ?? [],
        })),
        ...(panel && { panel }),
      });
      return { documents };
    });
  };
}

function toKnowledge(job: JobDocument, { item, ...opinion }: OpinionOutcome) {
  const { round: _, agreesWith: __, ...outcome } = opinion;
  return { ...outcome, version: job.personas?.[item]?.version ?? unversioned };
}

const unversioned = Tag.parse("1.0.0");

/** Of a job that asked several personas. */
function toPanelRecord(
  { personaIds }: JobDocument,
  { opinions, rounds, failed }: Input,
): PanelRecord | undefined {
  if (personaIds.length < 2) return undefined;
  const nameOf = (item: number): Tag => {
    const personaId = personaIds[item];
    if (personaId === undefined) throw new NucleusError("step_failed");
    return personaId;
  };
  return {
    rule: "confidence-1",
    rounds: rounds.map((snapshot) => toPanelRound(snapshot, nameOf)),
    opinions: opinions.map(({ personaId, round }) => ({ personaId, round })),
    failed: failed.map(({ item, round, code }) => ({
      personaId: nameOf(item),
      round,
      code,
    })),
  };
}
