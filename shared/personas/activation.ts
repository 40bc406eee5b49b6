import { z } from "zod";
import { platformTypes } from "../jobs/documents.ts";
import { Count, Tag } from "../kernel/metadata.ts";

/** A BCP 47 language tag such as `de` or `pt-BR`. */
export const LanguageTag = z
  .string()
  .regex(/^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$/, "must be a language tag");

/** `application/pdf`, or `text/*` for all of a kind. */
export const MediaTypePattern = z
  .string()
  .regex(
    /^[a-z0-9][\w.+-]{0,62}\/(?:\*|[a-z0-9][\w.+-]{0,62})$/,
    "must be a media type such as application/pdf or text/*",
  );

const AtLeastOne = <T extends z.ZodType>(item: T) =>
  z.array(item).min(1).max(100).optional();

/**
 * What an interaction must be like. Every field that is given must hold; a list holds when one of its entries does. No
 * field is about what a user wrote: conditions see channels, tags, declared types, counts and ids, and no content.
 */
const ActivationCondition = z
  .strictObject({
    platformTypes: AtLeastOne(z.enum(platformTypes)).describe(
      "The channel is one of these",
    ),
    interactionTypes: AtLeastOne(Tag).describe(
      "`interactionType` is one of these",
    ),
    tags: AtLeastOne(Tag).describe("One of these is among the tags"),
    languages: AtLeastOne(LanguageTag).describe(
      "`language` is one of these, or a variant of it: `de` takes `de-AT`",
    ),
    conversationIds: AtLeastOne(Tag).describe(
      "The conversation is one of these",
    ),
    referenceTypes: AtLeastOne(
      Tag.transform((type) => type.toLowerCase() as Tag),
    ).describe("An artifact comes from one of these providers"),
    mediaTypes: AtLeastOne(MediaTypePattern).describe(
      "An artifact is declared (`mimeType`) to be of one of these types",
    ),
    minArtifacts: Count.optional().describe("At least so many artifacts"),
    maxArtifacts: Count.optional().describe("At most so many artifacts"),
    hasQuery: z.boolean().optional().describe("Whether there is a queryText"),
  })
  .describe("All that is given here must hold; {} always does");
type ActivationCondition = z.infer<typeof ActivationCondition>;

/** When a persona is chosen by an interaction that names none. */
export const Activation = z.strictObject({
  when: z
    .array(ActivationCondition)
    .min(1)
    .max(50)
    .describe("One of these must hold"),
  unless: z
    .array(ActivationCondition)
    .max(50)
    .default([])
    .describe("None of these may hold"),
});
export type Activation = z.infer<typeof Activation>;

/** What conditions see of an interaction. */
export interface InteractionFacts {
  readonly platformType: (typeof platformTypes)[number];
  readonly interactionType?: string | undefined;
  readonly tags: readonly string[];
  readonly language?: string | undefined;
  readonly conversationId: string;
  readonly artifacts: readonly {
    readonly referenceType: string;
    readonly mimeType?: string | undefined;
  }[];
  readonly hasQuery: boolean;
}

/** Whether the rules choose the persona; without rules it works only where it is named. */
export function isActivated(
  activation: Activation | undefined,
  facts: InteractionFacts,
): boolean {
  return (
    activation !== undefined &&
    activation.when.some((condition) => holds(condition, facts)) &&
    !activation.unless.some((condition) => holds(condition, facts))
  );
}

function holds(condition: ActivationCondition, facts: InteractionFacts) {
  const { artifacts, language = "", interactionType = "" } = facts;
  const { minArtifacts = 0, maxArtifacts = Number.POSITIVE_INFINITY } =
    condition;
  const count = artifacts.length;
  return (
    someOf(condition.platformTypes, (type) => type === facts.platformType) &&
    someOf(condition.interactionTypes, (type) => type === interactionType) &&
    someOf(condition.tags, (tag) => facts.tags.includes(tag)) &&
    someOf(condition.languages, (range) => isWithin(range, language)) &&
    someOf(condition.conversationIds, (id) => id === facts.conversationId) &&
    someOf(condition.referenceTypes, (type) =>
      artifacts.some(({ referenceType }) => referenceType === type),
    ) &&
    someOf(condition.mediaTypes, (pattern) =>
      artifacts.some(({ mimeType }) => matchesMediaType(pattern, mimeType)),
    ) &&
    count >= minArtifacts &&
    count <= maxArtifacts &&
    (condition.hasQuery ?? facts.hasQuery) === facts.hasQuery
  );
}

/** A list that is not given asks for nothing. */
function someOf<T>(
  list: readonly T[] | undefined,
  test: (item: T) => boolean,
): boolean {
  return list === undefined || list.some(test);
}

/** Basic filtering of RFC 4647: a range takes itself and what is more specific. */
function isWithin(range: string, language: string): boolean {
  return `${language.toLowerCase()}-`.startsWith(`${range.toLowerCase()}-`);
}

/** Whether a media type, parameters aside, is one that the pattern names. */
export function matchesMediaType(
  pattern: string,
  mediaType: string | undefined,
): boolean {
  const [bare = ""] = (mediaType ?? "").toLowerCase().split(";");
  const type = bare.trim();
  return pattern.endsWith("/*")
    ? type.startsWith(pattern.slice(0, -1))
    : type === pattern;
}
