import { Tag } from "../kernel/metadata.ts";
import { type PersonaDefinition, usualFallbackCodes } from "./persona.ts";
import type { PersonaModel, PersonaRequest } from "./persona-model.ts";

/** No vocabulary has longer tokens to speak of: what has more characters than so many a token needs no counting. */
const mostCharactersPerToken = 16;

/**
 * The model, with short inputs given to the smaller deployments that the persona has for them: the first tier whose
 * limit holds instructions, query and all documents whole. The persona's own deployment is then its first fallback.
 */
export function withTiers(model: PersonaModel): PersonaModel {
  return {
    ...model,
    async answer(request, signal) {
      const persona = await chooseTier(model, request);
      if (persona === undefined) return model.answer(request, signal);
      const opinion = await model.answer({ ...request, persona }, signal);
      const { chatModelId } = persona.model;
      return {
        ...opinion,
        ...(opinion.deployment === undefined &&
          chatModelId !== undefined && { deployment: chatModelId }),
      };
    },
  };
}

async function chooseTier(
  { measure, name }: PersonaModel,
  request: PersonaRequest,
): Promise<PersonaDefinition | undefined> {
  const texts = request.documents.map(({ text }) => text.revealText());
  const characters = texts.reduce((sum, { length }) => sum + length, 0);
  for (const tier of request.persona.model.tiers) {
    if (characters > tier.maxInputTokens * mostCharactersPerToken) continue;
    const persona = toTiered(request.persona, tier, name);
    const measured = await measure?.({ ...request, persona });
    if (measured === undefined) return undefined;
    const { room, tokenizer } = measured;
    const tokens = texts.reduce((sum, text) => sum + tokenizer.count(text), 0);
    if (tokens <= room) return persona;
  }
  return undefined;
}

function toTiered(
  persona: PersonaDefinition,
  { chatModelId, maxInputTokens }: PersonaDefinition["model"]["tiers"][number],
  modelName: string,
): PersonaDefinition {
  const { model } = persona;
  const own = model.chatModelId ?? modelName;
  return {
    ...persona,
    model: {
      ...model,
      chatModelId,
      maxInputTokens,
      fallbacks: [
        { chatModelId: Tag.parse(own), on: [...usualFallbackCodes] },
        ...model.fallbacks,
      ],
    },
  };
}
