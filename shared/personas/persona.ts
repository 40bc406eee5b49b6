import { z } from "zod";
import type { ErrorCode } from "../kernel/errors.ts";
import { Tag } from "../kernel/metadata.ts";
import { Activation, MediaTypePattern } from "./activation.ts";
import { ResponseSchema } from "./response-schema.ts";

/** Part of the names of sealed objects, and of ids of documents: shorter than a tag and without its separators. */
const PersonaId = z
  .string()
  .regex(/^[\w.-]{1,48}$/, "must be 1 to 48 of A-Z a-z 0-9 _ . -")
  .transform((id) => Tag.parse(id));

const versionShape = "must be a version of three numbers such as 1.2.0";

const Version = z
  .string({ error: versionShape })
  .regex(/^\d{1,6}\.\d{1,6}\.\d{1,6}$/, versionShape)
  .transform((version) => Tag.parse(version));

const Instructions = z.string().trim().min(1).max(20_000);

const ModelId = Tag.describe(
  "A model or deployment of the endpoint that the settings name",
);

/** What may happen to a model that another one mends. */
const fallbackCodes = [
  "model_unavailable",
  "model_throttled",
  "model_timeout",
  "model_rejected",
  "model_refused",
  "model_filtered",
  "model_output_invalid",
] as const satisfies readonly ErrorCode[];

/** What may pass by itself, and another deployment does not wait for. */
export const usualFallbackCodes = [
  "model_unavailable",
  "model_throttled",
  "model_timeout",
] as const satisfies readonly (typeof fallbackCodes)[number][];

const Fallback = z.strictObject({
  chatModelId: ModelId,
  on: z
    .array(z.enum(fallbackCodes))
    .min(1)
    .default([...usualFallbackCodes])
    .describe("The failures of the model before it that lead here"),
});

const Tier = z.strictObject({
  chatModelId: ModelId,
  maxInputTokens: z
    .int()
    .min(1_000)
    .max(2_000_000)
    .describe("Instructions, query and all documents whole must fit in here"),
});

const Budget = z
  .strictObject({
    maxTokens: z
      .int()
      .min(2_000)
      .optional()
      .describe("Input and output together"),
    maxCostUsd: z
      .number()
      .positive()
      .optional()
      .describe("In US dollars; its models need a price in MODEL_PRICES"),
  })
  .describe(
    "What the persona may take for one interaction: repairs, fallbacks and rounds included. Documents are trimmed to it",
  );

/** How the persona's model is called. What is absent is the endpoint's default. */
const PersonaModelSettings = z
  .strictObject({
    chatModelId: ModelId.optional().describe(
      "The model or deployment to ask, where the endpoint has several; the configured one otherwise",
    ),
    tiers: z
      .array(Tier)
      .max(5)
      .default([])
      .describe(
        "For short inputs, the smallest first: the first that holds all of it is asked, and chatModelId is its first fallback",
      ),
    fallbacks: z
      .array(Fallback)
      .max(5)
      .default([])
      .describe("Asked in order when the one before failed"),
    temperature: z.number().min(0).max(2).optional(),
    maxOutputTokens: z.int().min(64).max(128_000).default(2_000),
    maxInputTokens: z
      .int()
      .min(1_000)
      .max(2_000_000)
      .default(32_000)
      .describe(
        "Documents are trimmed, by relevance, to what fits in here beside instructions and query",
      ),
    budget: Budget.optional(),
  })
  .prefault({});

/** Who may use the persona. Empty lists allow everyone. */
const DataGovernance = z
  .strictObject({
    allowedTenantIds: z.array(Tag).default([]),
    allowedConversationIds: z.array(Tag).default([]),
  })
  .prefault({})
  .describe("Who may use the persona; an empty list allows everyone");

/** Which of an interaction's documents the persona sees. */
const KnowledgeScope = z
  .strictObject({
    strategy: z
      .enum(["AllUserArtifacts", "NoUserArtifacts"])
      .default("AllUserArtifacts")
      .describe("Whether it sees documents at all, or the query only"),
    mediaTypes: z
      .array(MediaTypePattern)
      .min(1)
      .max(100)
      .optional()
      .describe("Only documents that were found to be of these types"),
    maxContextDocuments: z
      .int()
      .min(1)
      .max(200)
      .optional()
      .describe("Only the first so many of them"),
    maxPages: z
      .int()
      .min(1)
      .optional()
      .describe(
        "Only the first so many pages or slides of each, where it has any",
      ),
  })
  .prefault({});

const outputFields = ["answer", "keyPoints", "quotes", "data"] as const;

/** What an answer must keep to, checked after the model gave it. */
const Guardrails = z
  .strictObject({
    maxQuotes: z.int().min(0).max(100).default(20),
    minQuotes: z
      .int()
      .min(0)
      .max(100)
      .default(0)
      .describe("So many quotes must really stand in the documents"),
    minGroundedness: z
      .number()
      .min(0)
      .max(1)
      .default(0)
      .describe(
        "So large a share of the answer must stand in its quotes (0 to 1)",
      ),
    withoutEvidence: z
      .enum(["refuse", "fail"])
      .default("refuse")
      .describe(
        "What happens with less: `refuse` answers notFound, `fail` fails the persona with persona_evidence_missing",
      ),
    outputFields: z
      .array(z.enum(outputFields))
      .min(1)
      .default([...outputFields])
      .describe("What of an answer leaves; the rest is emptied"),
  })
  .prefault({});

/** A persona: a named role for a model, with its instructions and who may use it. */
export const PersonaDefinition = z
  .strictObject({
    personaId: PersonaId,
    version: Version.prefault("1.0.0").describe(
      "Raised by who edits it; jobs keep the version that they began with",
    ),
    displayName: z.string().trim().min(1).max(100),
    description: z.string().trim().max(1_000).default(""),
    isEnabled: z.boolean().default(true),
    instructions: Instructions.describe(
      "What the model is told to be and do: the system message",
    ),
    responseGuidelines: z
      .string()
      .trim()
      .max(20_000)
      .default("")
      .describe("How an answer should read"),
    responseSchema: ResponseSchema.optional().describe(
      "What `data` of an answer looks like: a part of JSON Schema",
    ),
    activation: Activation.optional().describe(
      "When an interaction that names no persona gets this one; absent: only when it is named",
    ),
    model: PersonaModelSettings,
    dataGovernance: DataGovernance,
    knowledgeScope: KnowledgeScope,
    guardrails: Guardrails,
  })
  .superRefine(({ guardrails }, context) => {
    if (guardrails.minQuotes > guardrails.maxQuotes)
      context.addIssue({
        code: "custom",
        path: ["guardrails", "minQuotes"],
        message: "must not be more than maxQuotes",
      });
  });
export type PersonaDefinition = z.infer<typeof PersonaDefinition>;
