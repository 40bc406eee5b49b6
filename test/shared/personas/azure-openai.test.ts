import {
  afterAll,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from "vitest";
import { createCredential } from "../../../shared/azure/create-credential.ts";
import { NucleusError } from "../../../shared/kernel/errors.ts";
import {
  type AzureOpenAiOptions,
  createAzureOpenAiModel,
} from "../../../shared/personas/adapters/azure-openai.ts";
import { ModelFiltered } from "../../../shared/personas/content-filter.ts";
import { estimateTokens } from "../../../shared/personas/retrieval/tokens.ts";
import { type Identity, startIdentity } from "../../azure/identity.ts";
import { type AzureOpenAi, startAzureOpenAi } from "../../azure/openai.ts";
import {
  answers,
  answersJson,
  fails,
  filtersAnswer,
  filtersPrompt,
  throttles,
} from "../../azure/openai-replies.ts";
import { describePersonaModelContract } from "../../contracts/persona-model.ts";
import { aPersona, aRequest, never } from "./persona-builders.ts";
import { quoteFromPrompt } from "./quoting-model.ts";

const question = "How much notice does the tenant give?";
const lease = "# Lease\n\nThe tenant gives nine months' notice.";
const good = {
  answer: "Nine months.",
  keyPoints: ["Notice is nine months."],
  quotes: [{ document: 0, text: "The tenant gives nine months' notice." }],
  notFound: false,
};

let identity: Identity;
let azure: AzureOpenAi;
beforeAll(async () => {
  identity = await startIdentity();
});
afterAll(() => identity.close());
beforeEach(async () => {
  azure = await startAzureOpenAi({
    identity,
    deployments: {
      "chat-eu": { model: "gpt-4o-2024-11-20" },
      "thinker-eu": { model: "o4-mini-2025-04-16", isReasoning: true },
    },
  });
  azure.replyWith(answersJson(good));
  return () => azure.close();
});

function openModel(options: Partial<AzureOpenAiOptions> = {}) {
  return createAzureOpenAiModel({
    endpoint: azure.endpoint,
    deployment: "chat-eu",
    credential: identity.credential,
    timeoutMs: 10_000,
    ...options,
  });
}

function requestOf(model: Readonly<Record<string, unknown>>) {
  return { ...aRequest(question, lease), persona: aPersona({ model }) };
}

async function failureOf(answer: Promise<unknown>): Promise<NucleusError> {
  const thrown: unknown = await answer.catch((error: unknown) => error);
  if (!(thrown instanceof NucleusError))
    throw new TypeError("not a NucleusError");
  expect(thrown.cause).toBeUndefined();
  return thrown;
}

const failsWith = (options?: Partial<AzureOpenAiOptions>) =>
  failureOf(openModel(options).answer(aRequest(question, lease), never()));

describePersonaModelContract("azure-openai", async () => {
  azure.replyWith((response, call) =>
    answersJson(quoteFromPrompt(call.body.messages))(response, call),
  );
  return openModel();
});

describe("a call", () => {
  test("carries the identity's token to the v1 API, and names the deployment as its model", async () => {
    const opinion = await openModel().answer(
      aRequest(question, lease),
      never(),
    );
    expect(opinion).toMatchObject({
      answer: "Nine months.",
      model: "gpt-4o-2024-11-20",
    });
    const [call] = azure.calls;
    expect(call?.url).toMatch(/\/openai\/v1\/chat\/completions$/);
    expect(call?.headers).not.toHaveProperty("api-key");
    expect(call?.body).toMatchObject({
      model: "chat-eu",
      stream: true,
      response_format: { type: "json_schema" },
    });
  });

  test("signs in with the managed identity, which is asked for one token as long as that lives", async () => {
    for (const [name, value] of Object.entries(identity.environment))
      vi.stubEnv(name, value);
    onTestFinished(() => void vi.unstubAllEnvs());
    const model = openModel({
      credential: createCredential({
        kind: "managed-identity",
        clientId: undefined,
      }),
    });
    await model.answer(aRequest(question, lease), never());
    await model.answer(aRequest(question, lease), never());
    expect(azure.calls).toHaveLength(2);
    expect(identity.asked).toEqual(["https://cognitiveservices.azure.com"]);
  });

  test("goes to the same address when the endpoint ends with a slash", async () => {
    await openModel({ endpoint: `${azure.endpoint}/` }).answer(
      aRequest(question, lease),
      never(),
    );
    expect(azure.calls[0]?.url).toMatch(/[^/]\/openai\/v1\/chat\/completions$/);
  });

  test("goes to the persona's own deployment, within its limits", async () => {
    await openModel().answer(
      requestOf({ chatModelId: "thinker-eu", maxOutputTokens: 4_000 }),
      never(),
    );
    expect(azure.calls[0]).toMatchObject({
      deployment: "thinker-eu",
      body: { max_completion_tokens: 4_000 },
    });
  });

  test("what one deployment does not know is kept from that one only", async () => {
    const model = openModel();
    const thinker = requestOf({ chatModelId: "thinker-eu", temperature: 0.2 });
    await model.answer(thinker, never());
    await model.answer(thinker, never());
    await model.answer(requestOf({ temperature: 0.2 }), never());
    expect(
      azure.calls.map(({ deployment, body }) => [deployment, body.temperature]),
    ).toEqual([
      ["thinker-eu", 0.2],
      ["thinker-eu", undefined],
      ["thinker-eu", undefined],
      ["chat-eu", 0.2],
    ]);
  });

  test("counts cached and reasoning tokens, a repair's too", async () => {
    azure.replyWith(answers("nine months"), answersJson(good));
    const { usage } = await openModel().answer(
      aRequest(question, lease),
      never(),
    );
    expect(usage).toMatchObject({
      inputTokens: 2_400,
      outputTokens: 600,
      cachedInputTokens: 2_048,
      reasoningTokens: 128,
    });
  });

  test("never says more than the persona's input budget, also when it asks for a repair", async () => {
    const long = Array.from(
      { length: 2_000 },
      (_, index) => `Paragraph ${index} speaks of gardening, ponds and hedges.`,
    ).join("\n\n");
    azure.replyWith(answers("ponds ".repeat(5_000)), answersJson(good));
    const request = {
      ...aRequest(question, `${long}\n\n${lease}`, long),
      persona: aPersona({ model: { maxInputTokens: 3_000 } }),
    };
    await openModel().answer(request, never());
    const spent = azure.calls.map(({ body }) =>
      body.messages.reduce(
        (sum, { content }) => sum + estimateTokens(content),
        0,
      ),
    );
    expect(spent).toHaveLength(2);
    expect(Math.max(...spent)).toBeLessThanOrEqual(3_000);
    expect(Math.min(...spent)).toBeGreaterThan(2_000);
  });

  test("is not made when the query alone is above the persona's input budget", async () => {
    const request = {
      ...aRequest("Why? ".repeat(2_000), lease),
      persona: aPersona({ model: { maxInputTokens: 1_000 } }),
    };
    expect(await failureOf(openModel().answer(request, never()))).toMatchObject(
      { code: "model_rejected" },
    );
    expect(azure.calls).toEqual([]);
  });
});

describe("the content filter", () => {
  test("stops a prompt: the failure says in which categories, and how severe they are", async () => {
    azure.replyWith(
      filtersPrompt({
        violence: { filtered: true, severity: "medium" },
        jailbreak: { filtered: true, detected: true },
        indirect_attack: { filtered: false, detected: true },
      }),
    );
    const failure = await failsWith();
    expect(failure).toBeInstanceOf(ModelFiltered);
    expect(failure).toMatchObject({
      code: "model_filtered",
      retryable: false,
      verdict: {
        stage: "prompt",
        findings: [
          { category: "violence", severity: "medium" },
          { category: "jailbreak" },
        ],
      },
    });
    expect(azure.calls).toHaveLength(1);
  });

  test("stops an answer in the stream: nothing of its beginning is used, and citations stay behind", async () => {
    azure.replyWith(
      filtersAnswer(JSON.stringify(good), {
        protected_material_code: {
          filtered: true,
          detected: true,
          citation: { URL: "https://example.com/secret", license: "secret" },
        },
      }),
    );
    const failure = await failsWith();
    expect(failure).toMatchObject({
      code: "model_filtered",
      verdict: {
        stage: "answer",
        findings: [{ category: "protected_material_code" }],
      },
    });
    expect(JSON.stringify(failure)).not.toContain("secret");
  });

  test("that speaks up with an error within the stream has stopped the answer", async () => {
    azure.replyWith((response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const error = { code: "content_filter", message: "secret words" };
      response.end(`data: ${JSON.stringify({ error })}\n\n`);
    });
    expect(await failsWith()).toMatchObject({
      code: "model_filtered",
      verdict: { stage: "answer", findings: [] },
    });
  });

  test("what it may look for tomorrow is kept as another category", async () => {
    azure.replyWith(
      filtersPrompt({ haste: { filtered: true, severity: "extreme" } }),
    );
    expect(await failsWith()).toMatchObject({
      verdict: { findings: [{ category: "other" }] },
    });
  });

  test("that could not do its work stops nothing", async () => {
    azure.replyWith(
      answersJson(good, {
        filterResults: {
          error: { code: "content_filter_error", message: "timed out" },
        },
      }),
    );
    const opinion = await openModel().answer(
      aRequest(question, lease),
      never(),
    );
    expect(opinion.answer).toBe("Nine months.");
  });
});

describe("a failure", () => {
  test("a missing role is a denial by the models' service", async () => {
    azure.setRoleAssigned(false);
    expect(await failsWith()).toMatchObject({
      code: "dependency_denied",
      deniedBy: "models",
    });
  });

  test("so is a token for another audience", async () => {
    const credential = {
      getToken: async () => ({
        token: await identity.token("https://storage.azure.com"),
        expiresOnTimestamp: Date.now() + 3_600_000,
      }),
    };
    expect(await failsWith({ credential })).toMatchObject({
      code: "dependency_denied",
      deniedBy: "models",
    });
  });

  test.each([
    ["throws", async () => Promise.reject(new Error("secret words"))],
    ["gives none", async () => null],
  ])(
    "a credential that %s leaves the app without an identity",
    async (_, getToken) => {
      const failure = await failsWith({ credential: { getToken } });
      expect(failure).toMatchObject({
        code: "identity_unavailable",
        retryable: true,
      });
      expect(failure.message).not.toContain("secret");
    },
  );

  test("a credential that does not answer is no longer waited for than a model", async () => {
    const credential = {
      getToken: (
        _scopes: unknown,
        options?: { abortSignal?: { addEventListener: AddListener } },
      ) =>
        new Promise<null>((_, reject) => {
          options?.abortSignal?.addEventListener("abort", () =>
            reject(new Error("aborted")),
          );
        }),
    };
    expect(await failsWith({ credential, timeoutMs: 50 })).toMatchObject({
      code: "model_timeout",
    });
  });

  test("a deployment that is not there is a rejection", async () => {
    expect(await failsWith({ deployment: "nowhere" })).toMatchObject({
      code: "model_rejected",
      retryable: false,
    });
  });

  test("a rate limit says how long to wait, in the finer of its two headers", async () => {
    azure.replyWith(throttles(1_250));
    expect(await failsWith()).toMatchObject({
      code: "model_throttled",
      retryAfterMs: 1_250,
    });
  });

  test("a prompt above the model's window is a rejection, and later prompts are asked for as before", async () => {
    azure.replyWith(
      fails(400, {
        code: "context_length_exceeded",
        param: "messages",
        message:
          "However, your messages resulted in 9000 tokens (including 64 in the response_format schemas.).",
      }),
      answersJson(good),
    );
    const model = openModel();
    const request = aRequest(question, lease);
    expect(await failureOf(model.answer(request, never()))).toMatchObject({
      code: "model_rejected",
    });
    await model.answer(request, never());
    expect(azure.calls.map(({ body }) => body.response_format?.type)).toEqual([
      "json_schema",
      "json_schema",
    ]);
  });

  test("an output limit above the model's is a rejection, and not another name for the limit", async () => {
    azure.replyWith(
      fails(400, {
        code: "invalid_value",
        param: "max_completion_tokens",
        message:
          "max_completion_tokens is too large: 128000. This model supports at most 16384 completion tokens.",
      }),
    );
    expect(await failsWith()).toMatchObject({ code: "model_rejected" });
    expect(azure.calls).toHaveLength(1);
  });

  test("an endpoint without TLS gets no token", () => {
    expect(() => openModel({ endpoint: "http://127.0.0.1:1" })).toThrow(
      NucleusError,
    );
  });
});

type AddListener = (type: "abort", listener: () => void) => void;
