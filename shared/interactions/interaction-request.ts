import { z } from "zod";
import { Tag } from "../kernel/metadata.ts";
import { platformTypes, priorities } from "../jobs/documents.ts";
import { LanguageTag } from "../personas/activation.ts";
import { maxPanelRounds, maxPersonas } from "../workflow/plan.ts";

export const maxArtifacts = 200;
const maxQueryLength = 32_000;

/** An id that the adapter's platform made: any short text. One that is not a tag is kept as its keyed hash only. */
const PlatformId = z.string().min(1).max(512);

const ArtifactReference = z
  .strictObject({
    referenceId: PlatformId.describe("The artifact's id in its source system"),
    referenceType: Tag.transform((type) => type.toLowerCase()).describe(
      "The artifact provider: `https`, `file`, …",
    ),
    sourceUri: z.string().min(1).max(4096).describe("Where the artifact lies"),
    tenantId: PlatformId.optional().describe(
      "The tenant of the source system, where it has one",
    ),
    fileName: z.string().min(1).max(512).optional(),
    mimeType: z.string().min(1).max(128).optional(),
    sizeBytes: z
      .int()
      .nonnegative()
      .optional()
      .describe("How large it is, for estimates; what is fetched is counted"),
  })
  .describe("A pointer to a document that stays where it is");

/**
 * What an adapter posts (the seeds' AdapterRequest, in camelCase). The whole of it is sealed; what is metadata of it is
 * listed in docs/configuration.md and taken out by `toJobDocument`.
 */
export const InteractionRequest = z
  .strictObject({
    platformType: z.enum(platformTypes),
    conversationId: PlatformId,
    userId: PlatformId,
    queryText: z.string().min(1).max(maxQueryLength).optional(),
    messageId: PlatformId.optional(),
    replyToMessageId: PlatformId.optional(),
    correlationId: PlatformId.optional(),
    artifactReferences: z
      .array(ArtifactReference)
      .max(maxArtifacts)
      .default([]),
    metadata: z
      .record(z.string().max(128), z.string().max(4096))
      .refine((map) => Object.keys(map).length <= 64, "at most 64 entries")
      .optional(),
    interactionType: Tag.optional(),
    language: LanguageTag.optional().describe(
      "The language of the conversation, such as `de` or `pt-BR`",
    ),
    personaIds: z
      .array(Tag)
      .min(1)
      .max(maxPersonas)
      .optional()
      .describe("Absent: the personas' activation rules choose"),
    panel: z
      .strictObject({
        maxRounds: z.int().min(1).max(maxPanelRounds).default(1),
      })
      .optional()
      .describe("How often several personas may hear one another"),
    priority: z.enum(priorities).default("normal"),
    tags: z.array(Tag).max(20).default([]),
    callbackUrl: z
      .url({ protocol: /^https?$/ })
      .max(4096)
      .optional(),
    timestampUtc: z.iso.datetime({ offset: true }).optional(),
  })
  .refine(
    (request) =>
      request.queryText !== undefined || request.artifactReferences.length > 0,
    {
      path: ["queryText"],
      message: "queryText or at least one artifact reference is required",
    },
  );
export type InteractionRequest = z.infer<typeof InteractionRequest>;
