import { OpenAI } from "openai";
import type { AzureService } from "../../kernel/azure-roles.ts";
import { NucleusError, toNucleusError } from "../../kernel/errors.ts";
import type {
  PersonaDocument,
  PersonaModel,
  PersonaOpinion,
  PersonaRequest,
  Quote,
} from "../persona-model.ts";
import { createQuoteFinder } from "../quotes.ts";
import {
  estimateTokens,
  fitDocuments,
  toFirstTokens,
} from "../retrieval/fit-documents.ts";
import { toQuestions } from "../retrieval/question.ts";
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
import {
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

/** Roles, the words around the task and a repair, and what an estimate may be wrong by. */
const promptReserveTokens = 300;
/** The lines around a document. */
const documentReserveTokens = 40;
/** How much of the input budget a malformed answer may take when its repair is asked for. */
const repairShare = 1 / 16;
const maxAdaptations = 4;

/**
 * A chat model behind any endpoint that speaks OpenAI's chat completions.
 *
 * O1. Retrying is the orchestrator's: the SDK's own retries are off.
 * O2. A quote is given only where it stands verbatim in a document, with the place where it was found.
 * O3. The SDK logs nothing and takes neither key nor address from the environment, and none of its messages leaves.
 * O4. No call's prompt is estimated above the persona's `maxInputTokens`, a repair's included.
 */
export function createOpenAiCompatibleModel(
  options: OpenAiCompatibleOptions,
): PersonaModel {
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

  return {
    name: options.model,
    async answer(request, signal) {
      const timeout = AbortSignal.timeout(options.timeoutMs);
      const both = AbortSignal.any([signal, timeout]);
      const { persona, documents } = request;
      const model = persona.model.chatModelId ?? options.model;
      try {
        const messages = toPrompt(request);
        const first = await complete({ persona, model, messages }, both);
        const answer = parseAnswer(first.text);
        if (answer !== undefined) return toOpinion(answer, documents, [first]);

        const shown = toFirstTokens(first.text, repairTokens(request));
        const again = [...messages, ...toRepairMessages(shown)];
        const second = await complete(
          { persona, model, messages: again },
          both,
        );
        const repaired = parseAnswer(second.text);
        if (repaired === undefined)
          throw new NucleusError("model_output_invalid");
        return toOpinion(repaired, documents, [first, second]);
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

function toPrompt({ persona, query, documents }: PersonaRequest): Message[] {
  const text = query?.revealText();
  const budget =
    persona.model.maxInputTokens -
    estimateTokens(toSystemMessage(persona)) -
    estimateTokens(text ?? "") -
    repairTokens({ persona }) -
    promptReserveTokens -
    documents.length * documentReserveTokens;
  // Instructions and query alone are above the budget: an answer would be about something else.
  if (budget < 0) throw new NucleusError("model_rejected");
  const questions = text === undefined ? [] : toQuestions(text);
  return toMessages(persona, text, fitDocuments(documents, questions, budget));
}

function repairTokens({ persona }: Pick<PersonaRequest, "persona">): number {
  return Math.floor(persona.model.maxInputTokens * repairShare);
}

function toOpinion(
  answer: ModelAnswer,
  documents: readonly PersonaDocument[],
  completions: readonly Completion[],
): PersonaOpinion {
  return {
    answer: answer.answer,
    keyPoints: answer.notFound ? [] : answer.keyPoints,
    quotes: answer.notFound ? [] : locateQuotes(answer.quotes, documents),
    notFound: answer.notFound,
    usage: sumUsage(completions.map(({ usage }) => usage)),
    model: completions.at(-1)?.model ?? "",
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
