import { z } from "zod";
import { defineContract } from "../durable/contract.ts";
import { ErrorCode, JobFailure } from "../jobs/documents.ts";
import { terminalStatuses } from "../jobs/job-status.ts";
import { Count, IsoTime, Tag } from "../kernel/metadata.ts";
import { ConsensusSnapshot, Score } from "../personas/consensus.ts";
import { PartCounts } from "../personas/part-counts.ts";
import { TokenUsage } from "../personas/token-usage.ts";
import { Plan } from "./plan.ts";

/**
 * What orchestrators know of the activities, and of one another. Names are data in stored histories: never rename; a
 * changed input or output is a new name.
 */

const JobKey = { tenantId: Tag, jobId: Tag };
const Artifact = { ...JobKey, index: Count };

export const loadPlan = defineContract({
  name: "load-plan",
  input: z.strictObject(JobKey),
  output: Plan,
});

export const retrieveArtifact = defineContract({
  name: "retrieve-artifact",
  input: z.strictObject(Artifact),
  output: z.strictObject({ sizeBytes: Count }),
});

export const extractContent = defineContract({
  name: "extract-content",
  input: z.strictObject(Artifact),
  output: z.strictObject({ words: Count }),
});

export const invokePersona = defineContract({
  name: "invoke-persona",
  input: z.strictObject({
    ...JobKey,
    personaId: Tag,
    item: Count,
    /** Indexes of the artifacts whose text was extracted. */
    readable: z.array(Count),
  }),
  output: z.strictObject({
    personaId: Tag,
    model: Tag,
    quotes: Count,
    keyPoints: Count,
    notFound: z.boolean(),
    ...TokenUsage.shape,
  }),
});

/** What a persona's opinion is in numbers; the opinion itself is sealed. */
const OpinionOutcome = z.strictObject({
  /** The persona's place in the job's list. */
  item: Count,
  personaId: Tag,
  model: Tag,
  /** Of which round it is, from 1. */
  round: Count,
  quotes: Count,
  droppedQuotes: Count,
  groundedness: Score.optional(),
  removedLinks: Count.optional(),
  keyPoints: Count,
  notFound: z.boolean(),
  confidence: Score.optional(),
  /** The personas with whose opinions it agrees, by their places. */
  agreesWith: z.array(Count).optional(),
  /** How much of long documents it rests on, where they were read in parts. */
  partsRead: Count.optional(),
  parts: Count.optional(),
  ...TokenUsage.shape,
});
export type OpinionOutcome = z.infer<typeof OpinionOutcome>;

export const formOpinion = defineContract({
  name: "form-opinion",
  input: z.strictObject({
    ...JobKey,
    personaId: Tag,
    item: Count,
    /** Indexes of the artifacts whose text was extracted. */
    readable: z.array(Count),
    round: Count,
    /** Whose opinions, of which rounds, the persona is shown. */
    others: z.array(z.strictObject({ item: Count, round: Count })),
    /** What the persona took in earlier rounds. */
    spent: TokenUsage.optional(),
  }),
  output: OpinionOutcome,
});

/** Forms an opinion where one call holds the documents; else cuts them into parts, and says how many. */
export const openOpinion = defineContract({
  name: "open-opinion",
  input: formOpinion.input,
  output: z.strictObject({
    opinion: OpinionOutcome.optional(),
    parts: PartCounts.optional(),
  }),
});

/** Notes what one part says, or, from level 2 on, what some notes say. */
export const readPart = defineContract({
  name: "read-part",
  input: z.strictObject({
    ...JobKey,
    personaId: Tag,
    item: Count,
    level: Count,
    part: Count,
    /** What this lane took of its share of the persona's budget. */
    spent: TokenUsage,
  }),
  output: z.strictObject({
    /** How many parts of the documents the note rests on. */
    partsRead: Count,
    usage: TokenUsage,
  }),
});

/** Forms an opinion from the notes on the parts. */
export const concludeOpinion = defineContract({
  name: "conclude-opinion",
  input: formOpinion.input,
  output: OpinionOutcome,
});

export const keepOutcome = defineContract({
  name: "keep-outcome",
  input: z.strictObject({
    ...JobKey,
    readable: z.array(Count),
    /** The last opinion of each persona that has one, with the usage of all its rounds. */
    opinions: z.array(OpinionOutcome),
    rounds: z.array(ConsensusSnapshot),
    failed: z.array(
      z.strictObject({ item: Count, round: Count, code: ErrorCode }),
    ),
  }),
  output: z.strictObject({ documents: Count }),
});

export const storeMetadata = defineContract({
  name: "store-metadata",
  input: z.strictObject({
    ...JobKey,
    readable: z.array(Count),
    personas: z.array(invokePersona.output),
  }),
  output: z.strictObject({ documents: Count }),
});

export const finishJob = defineContract({
  name: "finish-job",
  input: z.strictObject({
    ...JobKey,
    status: z.enum(terminalStatuses),
    failure: JobFailure.optional(),
    /** The personas whose opinions make the result. */
    answered: z.array(Tag),
  }),
  output: z.strictObject({
    /** The state the job really has: a cancelled job stays cancelled, whoever finishes late. */
    status: z.enum(terminalStatuses),
  }),
});

export const runWorkflow = defineContract({
  name: "run-workflow",
  input: z.strictObject({ ...JobKey, deadlineAt: IsoTime }),
  output: z.strictObject({ status: z.enum(terminalStatuses) }),
});

export const runStages = defineContract({
  name: "run-stages",
  input: z.strictObject(JobKey),
  output: z.strictObject({
    failure: JobFailure.optional(),
    answered: z.array(Tag),
  }),
});

/** A branch ends with what it made or with why it could not; it never throws, so no branch can take the others down. */
export const processArtifact = defineContract({
  name: "process-artifact",
  input: z.strictObject(Artifact),
  output: z.strictObject({
    index: Count,
    failure: JobFailure.optional(),
  }),
});

export const consultPersona = defineContract({
  name: "consult-persona",
  input: invokePersona.input,
  output: z.strictObject({
    answered: invokePersona.output.optional(),
    failure: JobFailure.optional(),
  }),
});

export const consultPanelist = defineContract({
  name: "consult-panelist",
  input: formOpinion.input,
  output: z.strictObject({
    opinion: OpinionOutcome.optional(),
    failure: JobFailure.optional(),
  }),
});

/** A persona's branch of one round, which reads long documents in parts. */
export const consultReader = defineContract({
  name: "consult-reader",
  input: z.strictObject({ ...formOpinion.input.shape, deadlineAt: IsoTime }),
  output: consultPanelist.output,
});

/** Every n-th part of one level, one after the other. */
export const readLane = defineContract({
  name: "read-lane",
  input: z.strictObject({
    ...JobKey,
    personaId: Tag,
    item: Count,
    level: Count,
    lane: Count,
    /** How many parts the level has. */
    parts: Count,
    deadlineAt: IsoTime,
    /** This lane's share of what was taken before it began. */
    spent: TokenUsage,
  }),
  output: z.strictObject({
    partsRead: Count,
    usage: TokenUsage,
    /** Why parts are missing. */
    code: ErrorCode.optional(),
  }),
});

/** The external event that asks a running job to end. */
export const cancelEvent = "cancel";
