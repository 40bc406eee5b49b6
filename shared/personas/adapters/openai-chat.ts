import type OpenAI from "openai";
import { NucleusError } from "../../kernel/errors.ts";
import { Count } from "../../kernel/metadata.ts";
import { type FilterVerdict, ModelFiltered } from "../content-filter.ts";
import type { PersonaDefinition } from "../persona.ts";
import type { TokenUsage } from "../token-usage.ts";
import { toFindings } from "./openai-content-filter.ts";
import type { Dialect } from "./openai-failures.ts";
import type { AnswerFormat } from "./openai-answer.ts";
import type { Message } from "./openai-prompt.ts";

export interface ChatRequest {
  readonly persona: PersonaDefinition;
  readonly model: string;
  readonly messages: readonly Message[];
  readonly format: AnswerFormat;
}

export interface Completion {
  readonly text: string;
  /** What the endpoint says that it is. */
  readonly model: string;
  readonly usage: TokenUsage;
}

type Parameters = OpenAI.ChatCompletionCreateParamsStreaming;

/** A choice as Azure OpenAI streams it: with the filter's results, and without a delta where it has nothing else to say. */
interface FilteredChoice {
  readonly delta?: OpenAI.ChatCompletionChunk.Choice.Delta;
  readonly content_filter_results?: unknown;
}

const answerLimitChars = 1_000_000;

/**
 * Asks for one completion and reads its stream to the end.
 *
 * @throws NucleusError when the answer was refused, filtered, cut off or endless; what the SDK throws otherwise.
 */
export async function streamCompletion(
  client: OpenAI,
  parameters: Parameters,
  options: { readonly signal: AbortSignal; readonly bearer: string },
): Promise<Completion> {
  const stream = await client.chat.completions.create(parameters, {
    signal: options.signal,
    headers: { Authorization: `Bearer ${options.bearer}` },
  });
  let text = "";
  let model = parameters.model;
  let usage: OpenAI.CompletionUsage | null | undefined;
  let finish: string | undefined;
  let findings: FilterVerdict["findings"] = [];
  for await (const chunk of stream) {
    if (chunk.model) model = chunk.model;
    usage = chunk.usage ?? usage;
    const [choice] = chunk.choices;
    if (choice === undefined) continue;
    const { delta, content_filter_results: results }: FilteredChoice = choice;
    if (delta?.refusal) throw new NucleusError("model_refused");
    text += delta?.content ?? "";
    finish = choice.finish_reason ?? finish;
    const found = toFindings(results);
    if (found.length > 0) findings = found;
    if (text.length > answerLimitChars)
      throw new NucleusError("model_output_invalid");
  }
  if (finish === "content_filter")
    throw new ModelFiltered({ stage: "answer", findings });
  // A stream that just ends was cut: some servers and proxies close it without an error.
  if (finish === undefined) throw new NucleusError("model_unavailable");
  return { text, model, usage: toUsage(usage) };
}

/** The parameters of a request, in the words that the endpoint knows. */
export function toParameters(
  { persona, model, messages, format }: ChatRequest,
  dialect: Dialect,
): Parameters {
  const { temperature, maxOutputTokens } = persona.model;
  return {
    model,
    messages: [...messages],
    stream: true,
    ...(dialect.hasUsage && { stream_options: { include_usage: true } }),
    ...(dialect.hasTemperature && temperature !== undefined && { temperature }),
    [dialect.tokenLimit]: maxOutputTokens,
    ...responseFormat(dialect, format),
  };
}

function responseFormat(
  { responseFormat: kind }: Dialect,
  { schema: answerSchema }: AnswerFormat,
): Pick<Parameters, "response_format"> {
  if (kind === "none") return {};
  if (kind === "json_object") return { response_format: { type: kind } };
  const schema = { name: "answer", strict: true, schema: { ...answerSchema } };
  return { response_format: { type: kind, json_schema: schema } };
}

/** Counts as the endpoint gives them; what is no count is left out. */
function toUsage(usage: OpenAI.CompletionUsage | null | undefined): TokenUsage {
  const cached = toCount(usage?.prompt_tokens_details?.cached_tokens);
  const reasoning = toCount(usage?.completion_tokens_details?.reasoning_tokens);
  return {
    inputTokens: toCount(usage?.prompt_tokens) ?? 0,
    outputTokens: toCount(usage?.completion_tokens) ?? 0,
    ...(cached !== undefined && { cachedInputTokens: cached }),
    ...(reasoning !== undefined && { reasoningTokens: reasoning }),
  };
}

function toCount(value: unknown): number | undefined {
  return Count.safeParse(value).data;
}
