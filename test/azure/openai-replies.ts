import type { IncomingMessage, ServerResponse } from "node:http";

export interface ChatBody {
  readonly model?: string;
  readonly messages: readonly {
    readonly role: string;
    readonly content: string;
  }[];
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
  readonly temperature?: number;
  readonly max_tokens?: number;
  readonly max_completion_tokens?: number;
  readonly response_format?: { readonly type: string };
}

export interface ChatCall {
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly deployment: string;
  readonly body: ChatBody;
}

/** What a test's endpoint does with one call that passed all checks. */
export type AzureReply = (
  response: ServerResponse,
  call: ChatCall & { readonly model: string },
) => void;

type FilterResults = Readonly<Record<string, unknown>>;

const safe = { filtered: false, severity: "safe" } as const;
const nothingFound: FilterResults = {
  hate: safe,
  self_harm: safe,
  sexual: safe,
  violence: safe,
};

interface Spoken {
  readonly usage?: Readonly<Record<string, unknown>>;
  readonly finishReason?: string;
  /** What the filter says with the end of the answer. */
  readonly filterResults?: FilterResults;
}

/** Streams `text`: the verdict on the prompt first, without choices; each piece with its own; usage last, if asked for. */
export function answers(text: string, spoken: Spoken = {}): AzureReply {
  return (response, { model, body }) => {
    const { usage = counted, finishReason = "stop" } = spoken;
    const base = { id: "c1", object: "chat.completion.chunk", created: 1 };
    const send = (fields: object): void => {
      response.write(
        `data: ${JSON.stringify({ ...base, model, ...fields })}\n\n`,
      );
    };
    const sendChoice = (fields: object): void =>
      send({ choices: [{ index: 0, finish_reason: null, ...fields }] });

    response.writeHead(200, { "content-type": "text/event-stream" });
    send({
      id: "",
      object: "",
      created: 0,
      model: "",
      choices: [],
      prompt_filter_results: [
        {
          prompt_index: 0,
          content_filter_results: {
            ...nothingFound,
            jailbreak: { filtered: false, detected: false },
          },
        },
      ],
    });
    sendChoice({
      delta: { role: "assistant", content: "", refusal: null },
      content_filter_results: {},
    });
    for (let at = 0; at < text.length; at += 40)
      sendChoice({
        delta: { content: text.slice(at, at + 40) },
        content_filter_results: nothingFound,
      });
    sendChoice({
      // What the filter stops has nothing more to say.
      ...(finishReason !== "content_filter" && { delta: {} }),
      finish_reason: finishReason,
      content_filter_results: spoken.filterResults ?? {},
    });
    if (body.stream_options?.include_usage === true)
      send({ choices: [], usage });
    response.end("data: [DONE]\n\n");
  };
}

export function answersJson(value: unknown, spoken?: Spoken): AzureReply {
  return answers(JSON.stringify(value), spoken);
}

const counted = {
  prompt_tokens: 1_200,
  completion_tokens: 300,
  total_tokens: 1_500,
  prompt_tokens_details: { audio_tokens: 0, cached_tokens: 1_024 },
  completion_tokens_details: { audio_tokens: 0, reasoning_tokens: 64 },
} as const;

/** The filter stops the prompt: nothing is streamed. */
export function filtersPrompt(results: FilterResults): AzureReply {
  return fails(400, {
    message:
      "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry.",
    type: null,
    param: "prompt",
    code: "content_filter",
    status: 400,
    innererror: {
      code: "ResponsibleAIPolicyViolation",
      content_filter_result: { ...nothingFound, ...results },
    },
  });
}

/** The filter stops the answer after its beginning. */
export function filtersAnswer(
  beginning: string,
  results: FilterResults,
): AzureReply {
  return answers(beginning, {
    finishReason: "content_filter",
    filterResults: { ...nothingFound, ...results },
  });
}

/** The rate limit of the deployment. */
export function throttles(retryAfterMs: number): AzureReply {
  return fails(
    429,
    {
      code: "429",
      message:
        "Requests to the ChatCompletions_Create Operation have exceeded the token rate limit of your current pricing tier.",
    },
    {
      "retry-after-ms": String(retryAfterMs),
      "retry-after": String(Math.ceil(retryAfterMs / 1_000)),
    },
  );
}

/** An error in the envelope that Azure and OpenAI share. */
export function fails(
  status: number,
  error: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
): AzureReply {
  return (response) => sendError(response, status, error, headers);
}

export function sendError(
  response: ServerResponse,
  status: number,
  error: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    "content-type": "application/json",
    ...headers,
  });
  response.end(JSON.stringify({ error }));
}
