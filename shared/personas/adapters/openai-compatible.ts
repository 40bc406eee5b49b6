import type OpenAI from "openai";
import { NucleusError } from "../../kernel/errors.ts";
import type { PersonaDefinition } from "../persona.ts";
import type {
  PersonaDocument,
  PersonaModel,
  PersonaOpinion,
  Quote,
} from "../persona-model.ts";
import { createQuoteFinder } from "../quotes.ts";
import { estimateTokens, fitDocuments } from "../retrieval/fit-documents.ts";
import { toQuestions } from "../retrieval/question.ts";
import {
  adaptDialect,
  type Dialect,
  fullDialect,
  toModelError,
} from "./openai-failures.ts";
import {
  answerSchema,
  type Message,
  type ModelAnswer,
  parseAnswer,
  toMessages,
  toRepairMessages,
  toSystemMessage,
} from "./openai-prompt.ts";

export interface OpenAiCompatibleOptions {
  /** Up to and including `/v1`. */
  readonly baseUrl: string;
  /** `undefined` for an endpoint without keys. A function is asked before each call, as for Entra ID tokens. */
  readonly apiKey: string | (() => Promise<string>) | undefined;
  /** The model or deployment, unless the persona names another. */
  readonly model: string;
  /** The longest time for one answer, repair included, in milliseconds. */
  readonly timeoutMs: number;
  readonly fetch?: typeof globalThis.fetch;
}

const answerLimitChars = 1_000_000;
/** Delimiters, roles and what an estimate may be wrong by. */
const promptReserveTokens = 300;
const maxAdaptations = 4;

/**
 * A chat model behind any endpoint that speaks OpenAI's chat completions.
 *
 * O1. Retrying is the orchestrator's: the SDK's own retries are off.
 * O2. A quote is given only where it stands verbatim in a document, with the place where it was found.
 * O3. The SDK logs nothing and reads no environment variable, and none of its messages leaves.
 */
export function createOpenAiCompatibleModel(
  options: OpenAiCompatibleOptions,
): PersonaModel {
  let client: Promise<OpenAI> | undefined;
  let dialect = fullDialect;

  /** One call; when the endpoint refuses a parameter, again without it, and from then on without it. */
  async function complete(
    request: ChatRequest,
    signal: AbortSignal,
  ): Promise<Completion> {
    client ??= createClient(options);
    const sdk = await client;
    for (let adaptations = 0; ; adaptations += 1) {
      const used = dialect;
      try {
        return await streamCompletion(sdk, toParameters(request, used), signal);
      } catch (thrown) {
        const next =
          adaptations < maxAdaptations ? adaptDialect(used, thrown) : undefined;
        if (next === undefined) throw thrown;
        dialect = next;
      }
    }
  }

  return {
    name: options.model,
    async answer({ persona, query, documents }, signal) {
      const timeout = AbortSignal.timeout(options.timeoutMs);
      const both = AbortSignal.any([signal, timeout]);
      const model = persona.model.chatModelId ?? options.model;
      const messages = toPrompt(persona, query?.revealText(), documents);
      try {
        const first = await complete({ persona, model, messages }, both);
        const answer = parseAnswer(first.text);
        if (answer !== undefined) return toOpinion(answer, documents, [first]);

        const again = [...messages, ...toRepairMessages(first.text)];
        const second = await complete(
          { persona, model, messages: again },
          both,
        );
        const repaired = parseAnswer(second.text);
        if (repaired === undefined)
          throw new NucleusError("model_output_invalid");
        return toOpinion(repaired, documents, [first, second]);
      } catch (thrown) {
        throw toFailure(thrown, signal, timeout);
      }
    },
  };
}

interface ChatRequest {
  readonly persona: PersonaDefinition;
  readonly model: string;
  readonly messages: readonly Message[];
}

interface Completion {
  readonly text: string;
  readonly model: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** The SDK is loaded with the first question: it is large, and most processes never ask one. */
async function createClient({
  baseUrl,
  apiKey,
  timeoutMs,
  fetch,
}: OpenAiCompatibleOptions): Promise<OpenAI> {
  const { OpenAI: Client } = await import("openai");
  return new Client({
    baseURL: baseUrl,
    apiKey: apiKey ?? "none",
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    timeout: timeoutMs,
    maxRetries: 0,
    logLevel: "off",
    ...(fetch === undefined ? {} : { fetch }),
  });
}

function toPrompt(
  persona: PersonaDefinition,
  query: string | undefined,
  documents: readonly PersonaDocument[],
): Message[] {
  const fixed =
    estimateTokens(toSystemMessage(persona)) + estimateTokens(query ?? "");
  const budget = persona.model.maxInputTokens - fixed - promptReserveTokens;
  const questions = query === undefined ? [] : toQuestions(query);
  return toMessages(
    persona,
    query,
    fitDocuments(documents, questions, Math.max(0, budget)),
  );
}

function toParameters(
  { persona, model, messages }: ChatRequest,
  dialect: Dialect,
): OpenAI.ChatCompletionCreateParamsStreaming {
  const { temperature, maxOutputTokens } = persona.model;
  return {
    model,
    messages: [...messages],
    stream: true,
    ...(dialect.hasUsage ? { stream_options: { include_usage: true } } : {}),
    ...(dialect.hasTemperature && temperature !== undefined
      ? { temperature }
      : {}),
    [dialect.tokenLimit]: maxOutputTokens,
    ...responseFormat(dialect),
  };
}

function responseFormat({
  responseFormat: kind,
}: Dialect): Pick<
  OpenAI.ChatCompletionCreateParamsStreaming,
  "response_format"
> {
  if (kind === "none") return {};
  if (kind === "json_object") return { response_format: { type: kind } };
  const schema = { name: "answer", strict: true, schema: { ...answerSchema } };
  return { response_format: { type: kind, json_schema: schema } };
}

async function streamCompletion(
  client: OpenAI,
  parameters: OpenAI.ChatCompletionCreateParamsStreaming,
  signal: AbortSignal,
): Promise<Completion> {
  const stream = await client.chat.completions.create(parameters, { signal });
  let text = "";
  let model = parameters.model;
  let usage: OpenAI.CompletionUsage | null | undefined;
  let finish: string | undefined;
  for await (const chunk of stream) {
    if (chunk.model) model = chunk.model;
    usage = chunk.usage ?? usage;
    const [choice] = chunk.choices;
    if (choice === undefined) continue;
    if (choice.delta.refusal) throw new NucleusError("model_refused");
    text += choice.delta.content ?? "";
    finish = choice.finish_reason ?? finish;
    if (text.length > answerLimitChars)
      throw new NucleusError("model_output_invalid");
  }
  if (finish === "content_filter") throw new NucleusError("model_refused");
  // A stream that just ends was cut: some servers and proxies close it without an error.
  if (finish === undefined) throw new NucleusError("model_unavailable");
  return {
    text,
    model,
    inputTokens: usage?.prompt_tokens ?? 0,
    outputTokens: usage?.completion_tokens ?? 0,
  };
}

function toOpinion(
  answer: ModelAnswer,
  documents: readonly PersonaDocument[],
  completions: readonly Completion[],
): PersonaOpinion {
  const last = completions.at(-1);
  return {
    answer: answer.answer,
    keyPoints: answer.notFound ? [] : answer.keyPoints,
    quotes: answer.notFound ? [] : locateQuotes(answer.quotes, documents),
    notFound: answer.notFound,
    usage: {
      inputTokens: completions.reduce(
        (sum, { inputTokens }) => sum + inputTokens,
        0,
      ),
      outputTokens: completions.reduce(
        (sum, { outputTokens }) => sum + outputTokens,
        0,
      ),
    },
    model: last?.model ?? "",
  };
}

function locateQuotes(
  quotes: ModelAnswer["quotes"],
  documents: readonly PersonaDocument[],
): Quote[] {
  const finder = createQuoteFinder(documents);
  const located = new Map<string, Quote>();
  for (const { document, text } of quotes) {
    const quote = finder.locate(text, document);
    if (quote !== undefined) located.set(JSON.stringify(quote), quote);
  }
  return [...located.values()];
}

function toFailure(
  thrown: unknown,
  signal: AbortSignal,
  timeout: AbortSignal,
): NucleusError {
  if (signal.aborted) return toAbortError(signal.reason);
  return timeout.aborted
    ? new NucleusError("model_timeout")
    : toModelError(thrown);
}

/** The caller gave up: what it says counts, if it is ours. */
function toAbortError(reason: unknown): NucleusError {
  if (reason instanceof NucleusError) return reason;
  const isTimeout =
    reason instanceof DOMException && reason.name === "TimeoutError";
  return new NucleusError(isTimeout ? "model_timeout" : "job_cancelled");
}
