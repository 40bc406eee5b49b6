import { z } from "zod";
import type { JobDocument } from "../jobs/documents.ts";
import { Count, defineMetadata, IsoTime, Tag } from "../kernel/metadata.ts";

/** What a job is accepted with now. */
export const interactionVersion = "1.2.0";
export const maxPersonas = 10;
export const maxPanelRounds = 3;

/** One stage of a plan; a stage starts when the one before it has ended. */
const Stage = z.discriminatedUnion("kind", [
  /** Retrieve and extract every artifact, in parallel branches of their own. */
  z.strictObject({ kind: z.literal("artifacts"), count: Count }),
  /** Let every persona work on what was read, in parallel. Of plans of version 1.0.0. */
  z.strictObject({ kind: z.literal("personas"), personaIds: z.array(Tag) }),
  /** Keep the metadata of what was done. Of plans of version 1.0.0. */
  z.strictObject({ kind: z.literal("store") }),
  /** Let every persona work on what was read, in parallel, until they agree or the rounds are over. */
  z.strictObject({
    kind: z.literal("panel"),
    personaIds: z.array(Tag).max(maxPersonas),
    maxRounds: z.int().min(1).max(maxPanelRounds),
    /** Whether documents that one call does not hold are read in parts; from version 1.2.0 on. */
    readsInParts: z.literal(true).optional(),
  }),
  /** Keep the metadata of what was done, and how the panel came to its answer. */
  z.strictObject({ kind: z.literal("outcome") }),
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

type PlannedJob = Pick<
  JobDocument,
  | "workflowVersion"
  | "artifactCount"
  | "personaIds"
  | "hasQuery"
  | "deadlineAt"
  | "maxRounds"
>;

/** The built-in workflow `interaction`, in the version that the job was accepted with. */
export function toInteractionPlan(job: PlannedJob): Plan {
  return Plan.parse({
    workflow: "interaction",
    version: job.workflowVersion,
    deadlineAt: job.deadlineAt,
    hasQuery: job.hasQuery,
    stages: [
      { kind: "artifacts", count: job.artifactCount },
      ...toPersonaStages(job),
    ],
  });
}

function toPersonaStages({
  workflowVersion,
  personaIds,
  maxRounds = 1,
}: PlannedJob): z.input<typeof Stage>[] {
  switch (workflowVersion) {
    case "1.0.0":
      return [{ kind: "personas", personaIds }, { kind: "store" }];
    case "1.1.0":
      return [{ kind: "panel", personaIds, maxRounds }, { kind: "outcome" }];
    case "1.2.0":
      return [
        { kind: "panel", personaIds, maxRounds, readsInParts: true },
        { kind: "outcome" },
      ];
    default:
      return workflowVersion satisfies never;
  }
}

/** How many items of progress a job has: two per artifact, one per persona, the store step, and its end. */
export function countProgressItems(job: {
  readonly artifactCount: number;
  readonly personaIds: readonly Tag[];
}): number {
  return 2 * job.artifactCount + job.personaIds.length + 2;
}
