import { z } from "zod";
import { errorCodes } from "../kernel/errors.ts";
import { Count, defineMetadata, Tag } from "../kernel/metadata.ts";
import { type ConsensusSnapshot, Score } from "./consensus.ts";

/** A persona's failure that the others made up for. */
const PanelFailure = defineMetadata(
  z.strictObject({
    personaId: Tag,
    round: Count,
    code: z.enum(errorCodes),
  }),
);

const Confidence = z.strictObject({ personaId: Tag, confidence: Score });

/** How several personas came to one answer: who stood where in which round, in ids and scores. Part of the job. */
export const PanelRecord = defineMetadata(
  z.strictObject({
    /** By which rule (`toConsensus`). */
    rule: z.literal("confidence-1"),
    rounds: z.array(
      z.strictObject({
        round: Count,
        leader: Tag,
        score: Score,
        supporters: z.array(Tag),
        dissenters: z.array(Tag),
        confidences: z.array(Confidence),
      }),
    ),
    /** Of which round the opinion is that counts. */
    opinions: z.array(z.strictObject({ personaId: Tag, round: Count })),
    failed: z.array(PanelFailure),
  }),
);
export type PanelRecord = z.infer<typeof PanelRecord>;

/** A round with its personas by name, who are by place in histories. */
export function toPanelRound(
  { round, leader, score, ...snapshot }: ConsensusSnapshot,
  nameOf: (item: number) => Tag,
): PanelRecord["rounds"][number] {
  return {
    round,
    leader: nameOf(leader),
    score,
    supporters: snapshot.supporters.map(nameOf),
    dissenters: snapshot.dissenters.map(nameOf),
    confidences: snapshot.positions.map(({ item, confidence }) => ({
      personaId: nameOf(item),
      confidence,
    })),
  };
}
