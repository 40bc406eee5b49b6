import { z } from "zod";
import {
  FilterCategory,
  FilterSeverity,
  type FilterVerdict,
} from "../content-filter.ts";

/** One category's result. Detections without severity and severities read the same: what matters is `filtered`. */
const FilterResult = z.object({
  filtered: z.literal(true),
  severity: FilterSeverity.optional().catch(undefined),
});

/** An error of Azure OpenAI as the SDK gives it: the results stand in its inner error. */
const FilteredPrompt = z.object({
  error: z.object({
    innererror: z.object({ content_filter_result: z.unknown() }),
  }),
});

/**
 * Why a filter stopped something, from `content_filter_results` as Azure OpenAI sends it. Citations, blocklist ids and
 * whatever else is said there stay behind.
 */
export function toFindings(results: unknown): FilterVerdict["findings"] {
  if (typeof results !== "object" || results === null) return [];
  const findings = new Map<string, FilterVerdict["findings"][number]>();
  for (const [name, result] of Object.entries(results)) {
    const parsed = FilterResult.safeParse(result);
    if (!parsed.success) continue;
    const category = FilterCategory.catch("other").parse(name);
    const { severity } = parsed.data;
    findings.set(category, { category, ...(severity && { severity }) });
  }
  return [...findings.values()];
}

/** The same from what the SDK threw. */
export function toPromptFindings(thrown: unknown): FilterVerdict["findings"] {
  const parsed = FilteredPrompt.safeParse(thrown);
  return parsed.success
    ? toFindings(parsed.data.error.innererror.content_filter_result)
    : [];
}
