import { z } from "zod";
import { errorCodes } from "../kernel/errors.ts";
import {
  ContentRef,
  Count,
  defineMetadata,
  IsoTime,
  KeyedHash,
  MediaType,
  Tag,
  TraceParent,
} from "../kernel/metadata.ts";
import { Score } from "../personas/consensus.ts";
import { FilteredPersona } from "../personas/content-filter.ts";
import { PanelRecord } from "../personas/panel.ts";
import { PersonaPin } from "../personas/persona-pin.ts";
import { TokenUsage } from "../personas/token-usage.ts";
import { jobStatuses } from "./job-status.ts";

export const ErrorCode = z.enum(errorCodes);

/** The steps of the built-in workflow that report progress; each does its work once per item. */
const stepIds = ["retrieve", "extract", "persona", "store"] as const;
export const StepId = z.enum(stepIds);
export type StepId = z.infer<typeof StepId>;

export const platformTypes = [
  "Unknown",
  "Teams",
  "Slack",
  "Local",
  "Api",
  "Email",
  "Discord",
  "Test",
] as const;
export const priorities = ["low", "normal", "high", "urgent"] as const;

/** What ended a job other than success: a code of the catalogue and where it happened. */
export const JobFailure = defineMetadata(
  z.strictObject({
    code: ErrorCode,
    step: z.enum([...stepIds, "plan", "finish", "deadline", "cancel"]),
    retryable: z.boolean(),
  }),
);
export type JobFailure = z.infer<typeof JobFailure>;

/** The versions of the built-in workflow; a job keeps the one that it was accepted with. */
const interactionVersions = ["1.0.0", "1.1.0", "1.2.0"] as const;

/** One accepted interaction. Partition `[tenantId, jobId]`, id `job`. */
export const JobDocument = defineMetadata(
  z.strictObject({
    jobId: Tag,
    appId: Tag,
    submittedBy: Tag,
    status: z.enum(jobStatuses),
    workflow: z.literal("interaction"),
    workflowVersion: z.enum(interactionVersions),
    platformType: z.enum(platformTypes),
    conversationId: Tag,
    userId: Tag,
    messageId: Tag.optional(),
    replyToMessageId: Tag.optional(),
    correlationId: Tag,
    interactionType: Tag.optional(),
    priority: z.enum(priorities),
    tags: z.array(Tag),
    personaIds: z.array(Tag),
    /** Which definitions exactly work on it, in the order of `personaIds`. Absent in jobs of version 1.0.0. */
    personas: z.array(PersonaPin).optional(),
    /** How many rounds several personas may take to agree; 1 where absent. */
    maxRounds: Count.optional(),
    /** Set before a persona begins to read long documents in parts. */
    readsInParts: z.boolean().optional(),
    artifactCount: Count,
    hasQuery: z.boolean(),
    hasCallback: z.boolean(),
    traceparent: TraceParent.optional(),
    createdAt: IsoTime,
    startedAt: IsoTime.optional(),
    updatedAt: IsoTime,
    completedAt: IsoTime.optional(),
    deadlineAt: IsoTime,
    /** Until when the request (to run again) and the result (to be read) are kept. */
    retainUntil: IsoTime,
    cancelRequestedAt: IsoTime.optional(),
    error: JobFailure.optional(),
    /** What the answers of its personas took, all together. */
    usage: TokenUsage.optional(),
    /** The personas whose prompt or answer a model's content filter stopped. */
    filtered: z.array(FilteredPersona).optional(),
    /** How its personas came to one answer, where several were asked. */
    panel: PanelRecord.optional(),
    requestRef: ContentRef,
    resultRef: ContentRef.optional(),
  }),
);
export type JobDocument = z.infer<typeof JobDocument>;

/** Progress of one item of one step, upserted. Id `step:{step}:{item}`. */
export const StepDocument = defineMetadata(
  z.strictObject({
    step: StepId,
    item: Count,
    outcome: z.enum(["done", "failed"]),
    code: ErrorCode.optional(),
    durationMs: Count,
    finishedAt: IsoTime,
  }),
);
export type StepDocument = z.infer<typeof StepDocument>;

/** Something that happened in a job. Id `event:{step}.{item}.{kind}`: repeating an activity rewrites its event. */
export const EventDocument = defineMetadata(
  z.strictObject({
    type: z.enum([
      "job.accepted",
      "job.abandoned",
      "step.completed",
      "step.failed",
      "job.finished",
    ]),
    at: IsoTime,
    step: StepId.optional(),
    item: Count.optional(),
    status: z.enum(jobStatuses).optional(),
    code: ErrorCode.optional(),
  }),
);

/** What may be kept of an artifact: the metadata part of the seeds' ArtifactMetadata. Id `artifact:{index}`. */
export const ArtifactDocument = defineMetadata(
  z.strictObject({
    index: Count,
    /** For a document that came in another: the index of the one that the interaction refers to, and the way to it. */
    partOf: Count.optional(),
    part: Tag.optional(),
    sourceIdentifier: Tag,
    sourceSystemType: Tag,
    sourceTenantId: Tag.optional(),
    userId: Tag,
    mediaType: MediaType.optional(),
    sizeBytes: Count.optional(),
    contentHash: KeyedHash.optional(),
    sourceVersionHash: KeyedHash.optional(),
    sourceUriHash: KeyedHash,
    fileNameHash: KeyedHash.optional(),
    pages: Count.optional(),
    words: Count.optional(),
    outcome: z.enum(["retrieved", "read", "failed"]),
    /** Why it failed; with `read`, why parts of it may be missing. */
    code: ErrorCode.optional(),
    analyzedByPersonaIds: z.array(Tag),
    createdAt: IsoTime,
  }),
);
export type ArtifactDocument = z.infer<typeof ArtifactDocument>;

/** What may be kept of a persona's work: the metadata part of PersonaKnowledgeEntry. Id `knowledge:{personaId}`. */
export const KnowledgeDocument = defineMetadata(
  z.strictObject({
    personaId: Tag,
    interactionId: Tag,
    userId: Tag,
    strategyId: Tag,
    model: Tag,
    artifactIndexes: z.array(Count),
    quotes: Count,
    keyPoints: Count,
    notFound: z.boolean(),
    /** How sure the persona was; with the two below, absent in what version 1.0.0 of the workflow stored. */
    confidence: Score.optional(),
    droppedQuotes: Count.optional(),
    groundedness: Score.optional(),
    removedLinks: Count.optional(),
    version: Tag.optional(),
    /** How much of long documents it rests on, where they were read in parts. */
    partsRead: Count.optional(),
    parts: Count.optional(),
    ...TokenUsage.shape,
    createdAt: IsoTime,
  }),
);
export type KnowledgeDocument = z.infer<typeof KnowledgeDocument>;

/** An event that was committed with the job's end and is still to be sent. Id `outbox:{deliveryId}`. */
export const OutboxDocument = defineMetadata(
  z.strictObject({
    deliveryId: Tag,
    /** The subscription, or undefined for the interaction's own callbackUrl. */
    webhookId: Tag.optional(),
    createdAt: IsoTime,
  }),
);
export type OutboxDocument = z.infer<typeof OutboxDocument>;

/**
 * The sweeper's index of jobs that still need something: partition `[systemTenant, active.{bucket}]`, id = jobId.
 * Written before anything else of a job and deleted after everything else, so no crash can hide a job.
 */
export const ActiveDocument = defineMetadata(
  z.strictObject({
    jobId: Tag,
    tenantId: Tag,
    /** When the sweeper should look at it. */
    dueAt: IsoTime,
    enteredAt: IsoTime,
  }),
);
export type ActiveDocument = z.infer<typeof ActiveDocument>;

/** An Idempotency-Key that was seen: partition `[tenantId, idem.{hash}]`, id `key`. */
export const IdempotencyDocument = defineMetadata(
  z.strictObject({
    jobId: Tag,
    bodyHash: KeyedHash,
    state: z.enum(["accepting", "accepted"]),
    leaseUntil: IsoTime,
    createdAt: IsoTime,
  }),
);
export type IdempotencyDocument = z.infer<typeof IdempotencyDocument>;
