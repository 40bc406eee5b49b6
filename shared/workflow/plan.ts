import { z } from "zod";
import { Count, defineMetadata, IsoTime, Tag } from "../kernel/metadata.ts";

/** One stage of a plan; a stage starts when the one before it has ended. */
const Stage = z.discriminatedUnion("kind", [
  /** Retrieve and extract every artifact, in parallel branches of their own. */
  z.strictObject({ kind: z.literal("artifacts"), count: Count }),
  /** Let every persona work on what was read, in parallel. */
  z.strictObject({ kind: z.literal("personas"), personaIds: z.array(Tag) }),
  /** Keep the metadata of what was done. */
  z.strictObject({ kind: z.literal("store") }),
]);
export type Stage = z.infer<typeof Stage>;

/** What `run-workflow` interprets: pure metadata, pinned when the job starts. */
export const Plan = defineMetadata(
  z.strictObject({
    workflow: Tag,
    version: Tag,
    deadlineAt: IsoTime,
    hasQuery: z.boolean(),
    stages: z.array(Stage),
  }),
);
export type Plan = z.infer<typeof Plan>;

/** The built-in workflow `interaction`. */
export function toInteractionPlan(job: {
  readonly artifactCount: number;
  readonly personaIds: readonly Tag[];
  readonly hasQuery: boolean;
  readonly deadlineAt: IsoTime;
}): Plan {
  return Plan.parse({
    workflow: "interaction",
    version: "1.0.0",
    deadlineAt: job.deadlineAt,
    hasQuery: job.hasQuery,
    stages: [
      { kind: "artifacts", count: job.artifactCount },
      { kind: "personas", personaIds: job.personaIds },
      { kind: "store" },
    ],
  });
}

/** How many items of progress a job has: two per artifact, one per persona, the store step, and its end. */
export function countProgressItems(job: {
  readonly artifactCount: number;
  readonly personaIds: readonly Tag[];
}): number {
  return 2 * job.artifactCount + job.personaIds.length + 2;
}
