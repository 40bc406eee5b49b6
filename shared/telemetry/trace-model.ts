import { Tag } from "../kernel/metadata.ts";
import type { PersonaModel } from "../personas/persona-model.ts";
import type { TokenUsage } from "../personas/token-usage.ts";
import type { ModelProvider } from "./span-catalogue.ts";
import type { Telemetry } from "./telemetry.ts";

/** A persona's model, with a span, its tokens and its cost for each answer; no message is part of them. */
export function traceModel(
  model: PersonaModel,
  telemetry: Telemetry,
  provider: ModelProvider,
): PersonaModel {
  return {
    ...model,
    answer(request, signal) {
      const asked = toModelTag(request.persona.model.chatModelId ?? model.name);
      const attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider,
        "gen_ai.request.model": asked,
      } as const;
      return telemetry.span("model.chat", { attributes }, async (span) => {
        const opinion = await model.answer(request, signal);
        const { usage } = opinion;
        span.set({
          "gen_ai.usage.input_tokens": usage.inputTokens,
          "gen_ai.usage.output_tokens": usage.outputTokens,
          "gen_ai.usage.cache_read.input_tokens": usage.cachedInputTokens,
          "gen_ai.usage.reasoning.output_tokens": usage.reasoningTokens,
        });
        recordUsage(telemetry, usage, {
          "gen_ai.provider.name": Tag.parse(provider),
          "gen_ai.request.model": asked,
        });
        return opinion;
      });
    },
  };
}

const chat = Tag.parse("chat");

function recordUsage(
  telemetry: Telemetry,
  { inputTokens, outputTokens, costMicroUsd }: TokenUsage,
  of: {
    readonly "gen_ai.provider.name": Tag;
    readonly "gen_ai.request.model": Tag;
  },
): void {
  for (const [type, tokens] of [
    ["input", inputTokens],
    ["output", outputTokens],
  ] as const)
    telemetry.record("gen_ai.client.token.usage", tokens, {
      ...of,
      "gen_ai.operation.name": chat,
      "gen_ai.token.type": type,
    });
  if (costMicroUsd !== undefined)
    telemetry.record("nucleus.model.cost", costMicroUsd / 1e6, of);
}

/** Settings name models as they like; what has no tag's shape is not worth keeping. */
function toModelTag(name: string): Tag {
  return Tag.parse(name.replaceAll(/[^\w.:@-]/g, "-").slice(0, 128) || "-");
}
