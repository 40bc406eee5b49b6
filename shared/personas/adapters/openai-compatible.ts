import { OpenAI } from "openai";
import type { AzureService } from "../../kernel/azure-roles.ts";
import { NucleusError, toNucleusError } from "../../kernel/errors.ts";
import { toScore } from "../consensus.ts";
import type {
  BoundedPersonaModel,
  OtherOpinion,
  PersonaDocument,
  PersonaOpinion,
  PersonaRequest,
  Quote,
} from "../persona-model.ts";
import { createQuoteFinder } from "../quotes.ts";
import { type Fitted, fitDocuments } from "../retrieval/fit-documents.ts";
import { toQuestions } from "../retrieval/question.ts";
import {
  loadTokenizer,
  toFirstTokens,
  type Tokenizer,
} from "../retrieval/tokens.ts";
import { toAbortError } from "../to-abort-error.ts";
import { sumUsage } from "../token-usage.ts";
import {
  type ChatRequest,
  type Completion,
  streamCompletion,
  toParameters,
} from "./openai-chat.ts";
import {
  adaptDialect,
  type Dialect,
  fullDialect,
  toModelError,
} from "./openai-failures.ts";
import { type ModelAnswer, toAnswerFormat } from "./openai-answer.ts";
import { type Message, toMessages, toRepairMessages } from "./openai-prompt.ts";
import { toDocumentRoom, toRepairTokens } from "./openai-room.ts";

export interface OpenAiCompatibleOptions {
  /** Up to and including `/v1`. */
  readonly baseUrl: string;
  /**
   * `undefined` for an endpoint without keys. A function is asked before each call: for a key that lies in a secret
   * store, or a token that expires.
   */
  readonly apiKey:
    string | ((signal: AbortSignal) => Promise<string>) | undefined;
  /** The model or deployment, unless the persona names another. */
  readonly model: string;
  /** The longest time for one answer, repair included, in milliseconds. */
  readonly timeoutMs: number;
  /** Set where the key is a token of the app's identity: what 401 and 403 mean is that this service's role is missing. */
  readonly deniedBy?: AzureService;
}

const maxAdaptations = 4;

/**
 * A chat model behind any endpoint that speaks OpenAI's chat completions.
 *
 * O1. Retrying is the orchestrator's: the SDK's own retries are off.
 * O2. A quote is given only where it stands verbatim in a document, with the place where it was found.
 * O3. The SDK logs nothing and takes neither key nor address from the environment, and none of its messages leaves.
 * O4. No call's prompt is counted above the persona's `maxInputTokens`, a repair's included.
 */
export function createOpenAiCompatibleModel(
  options: OpenAiCompatibleOptions,
): BoundedPersonaModel {
  const client = createClient(options);
  const dialects = new Map<string, Dialect>();

  /** One call; when the model refuses a parameter, again without it, and from then on without it. */
  async function complete(
    request: ChatRequest,
    signal: AbortSignal,
  ): Promise<Completion> {
    for (let adaptations = 0; ; adaptations += 1) {
      const dialect = dialects.get(request.model) ?? fullDialect;
      const parameters = toParameters(request, dialect);
      const bearer = await toBearer(options.apiKey, signal);
      try {
        return await streamCompletion(client, parameters, { signal, bearer });
      } catch (thrown) {
        const next =
          adaptations < maxAdaptations
            ? adaptDialect(dialect, thrown)
            : undefined;
        if (next === undefined) throw thrown;
        dialects.set(request.model, next);
      }
    }
  }

  const modelOf = ({ model }: PersonaRequest["persona"]): string =>
    model.chatModelId ?? options.model;

  return {
    name: options.model,
    async measure(request) {
      const tokenizer = await loadTokenizer(modelOf(request.persona));
      return { room: toDocumentRoom(request, tokenizer), tokenizer };
    },
    async answer(request, signal) {
      const timeout = AbortSignal.timeout(options.timeoutMs);
      const both = AbortSignal.any([signal, timeout]);
      const { persona } = request;
      const model = modelOf(persona);
      try {
        const format = toAnswerFormat(request);
        const asked = { persona, model, format };
        const fitted = toFitted(request, await loadTokenizer(model));
        const messages = toPrompt(request, fitted);
        const first = await complete({ ...asked, messages }, both);
        const read = format.read(first.text);
        if (read.ok) return toOpinion(request, fitted, read.answer, [first]);

        const shown = toFirstTokens(first.text, toRepairTokens(persona));
        const again = [...messages, ...toRepairMessages(shown, read.problems)];
        const second = await complete({ ...asked, messages: again }, both);
        const repaired = format.read(second.text);
        if (!repaired.ok) throw new NucleusError("model_output_invalid");
        return toOpinion(request, fitted, repaired.answer, [first, second]);
      } catch (thrown) {
        if (signal.aborted) throw toAbortError(signal.reason);
        if (timeout.aborted) throw new NucleusError("model_timeout");
        throw toModelError(thrown, options.deniedBy);
      }
    },
  };
}

/** The key goes with each call (see `toBearer`); the client only must not look for one in the environment. */
function createClient({ baseUrl, timeoutMs }: OpenAiCompatibleOptions): OpenAI {
  return new OpenAI({
    baseURL: baseUrl,
    apiKey: noKey,
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    timeout: timeoutMs,
    maxRetries: 0,
    logLevel: "off",
  });
}

const noKey = "none";

/**
 * Asked for here and not by the SDK, which would wrap its failure and could not be aborted while it waits. Why a key
 * cannot be had is told as it is; what is no failure of ours means that there is no such key.
 */
async function toBearer(
  apiKey: OpenAiCompatibleOptions["apiKey"],
  signal: AbortSignal,
): Promise<string> {
  if (typeof apiKey !== "function") return apiKey ?? noKey;
  try {
    return await apiKey(signal);
  } catch (thrown) {
    throw toNucleusError(thrown, "model_rejected");
  }
}

/** The documents as far as there is room for them. */
function toFitted(request: PersonaRequest, tokenizer: Tokenizer): Fitted {
  const maxTokens = toDocumentRoom(request, tokenizer);
  // Instructions and query alone are above the budget: an answer would be about something else.
  if (maxTokens < 0) throw new NucleusError("model_rejected");
  const query = request.query?.revealText();
  const questions = query === undefined ? [] : toQuestions(query);
  return fitDocuments(request.documents, questions, { maxTokens, tokenizer });
}

function toPrompt(
  { persona, query, others = [] }: PersonaRequest,
  { documents }: Fitted,
): Message[] {
  return toMessages({ persona, others, query: query?.revealText(), documents });
}

function toOpinion(
  { documents, sources = documents, others }: PersonaRequest,
  { wholeTokens, sentTokens }: Fitted,
  answer: ModelAnswer,
  completions: readonly Completion[],
): PersonaOpinion {
  const { notFound, data } = answer;
  const claimed = notFound ? [] : answer.quotes;
  const { quotes, dropped } = locateQuotes(claimed, sources);
  const evidence =
    claimed.length === 0 ? 0 : 1 - dropped / Math.max(1, claimed.length);
  return {
    answer: answer.answer,
    keyPoints: notFound ? [] : answer.keyPoints,
    quotes,
    notFound,
    ...(answer.confidence !== undefined && {
      confidence: toConfidence(answer.confidence, notFound ? 1 : evidence),
    }),
    ...(data !== undefined && { data }),
    ...(dropped > 0 && { droppedQuotes: dropped }),
    ...(others && { agreesWith: toAgreed(answer.agreesWith, others) }),
    usage: {
      ...sumUsage(completions.map(({ usage }) => usage)),
      documentTokens: wholeTokens,
      sentDocumentTokens: sentTokens,
    },
    model: completions.at(-1)?.model ?? "",
  };
}

/** What a model says of itself counts in full where all its quotes stand in the documents, and half where none does. */
function toConfidence(claimed: number, evidence: number): number {
  return toScore(claimed * (0.5 + 0.5 * evidence));
}

/** The opinions that it agrees with, of those that it was shown. */
function toAgreed(
  said: readonly number[] = [],
  others: readonly OtherOpinion[],
): number[] {
  return others.map(({ item }) => item).filter((item) => said.includes(item));
}

function locateQuotes(
  claimed: ModelAnswer["quotes"],
  documents: readonly PersonaDocument[],
): { readonly quotes: Quote[]; readonly dropped: number } {
  const finder = createQuoteFinder(documents);
  const located = new Map<string, Quote>();
  let dropped = 0;
  for (const { document, text } of claimed) {
    const quote = finder.locate(text, document);
    if (quote === undefined) dropped += 1;
    else located.set(JSON.stringify(quote), quote);
  }
  return { quotes: [...located.values()], dropped };
}
