import { z } from "zod";
import { NucleusError } from "../kernel/errors.ts";
import { defineMetadata, Tag } from "../kernel/metadata.ts";

/** What a content filter looks for, as Azure OpenAI names it; `other` is what it may look for tomorrow. */
export const FilterCategory = z.enum([
  "hate",
  "self_harm",
  "sexual",
  "violence",
  "jailbreak",
  "indirect_attack",
  "protected_material_text",
  "protected_material_code",
  "ungrounded_material",
  "profanity",
  "custom_blocklists",
  "other",
]);

export const FilterSeverity = z.enum(["safe", "low", "medium", "high"]);

/** Why a content filter stopped a prompt or an answer: categories, and never a word of either. */
export const FilterVerdict = defineMetadata(
  z.strictObject({
    stage: z.enum(["prompt", "answer"]),
    /** Empty where the endpoint does not say. */
    findings: z.array(
      z.strictObject({
        category: FilterCategory,
        /** Some categories are found or not, without a severity. */
        severity: FilterSeverity.optional(),
      }),
    ),
  }),
);
export type FilterVerdict = z.infer<typeof FilterVerdict>;

/** A verdict, and on whose work it fell. */
export const FilteredPersona = defineMetadata(
  z.strictObject({ personaId: Tag, ...FilterVerdict.shape }),
);

/** A model's content filter stopped the prompt or the answer. */
export class ModelFiltered extends NucleusError {
  readonly verdict: FilterVerdict;

  constructor(verdict: FilterVerdict) {
    super("model_filtered");
    this.verdict = verdict;
  }
}
