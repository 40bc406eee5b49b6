import type { ErrorCode } from "../kernel/errors.ts";
import { NucleusError } from "../kernel/errors.ts";
import type { Tag } from "../kernel/metadata.ts";
import type { PersonaDefinition } from "./persona.ts";
import type { PersonaModel } from "./persona-model.ts";

/**
 * The model, asked along the persona's route: its first deployment, and then each fallback that is there for the
 * failure before it.
 *
 * When none answers, what may pass by itself is reported before what will not: then the whole route is tried again.
 */
export function withRoute(model: PersonaModel): PersonaModel {
  return {
    ...model,
    async answer(request, signal) {
      const failures: NucleusError[] = [];
      for (const { persona, on, deployment } of toRoute(request.persona)) {
        const last = failures.at(-1);
        if (last !== undefined && !on.includes(last.code)) continue;
        try {
          const opinion = await model.answer({ ...request, persona }, signal);
          return deployment === undefined
            ? opinion
            : { ...opinion, deployment };
        } catch (thrown) {
          if (!(thrown instanceof NucleusError) || signal.aborted) throw thrown;
          failures.push(thrown);
        }
      }
      throw (
        failures.find(({ retryable }) => retryable) ??
        failures.at(-1) ??
        new NucleusError("model_unavailable")
      );
    },
  };
}

interface Stop {
  readonly persona: PersonaDefinition;
  readonly on: readonly ErrorCode[];
  readonly deployment?: Tag;
}

/** The persona as each stop of its route is asked for it. */
function toRoute(persona: PersonaDefinition): Stop[] {
  const { fallbacks } = persona.model;
  return [
    { persona, on: [] },
    ...fallbacks.map(({ chatModelId, on }) => ({
      persona: { ...persona, model: { ...persona.model, chatModelId } },
      on,
      deployment: chatModelId,
    })),
  ];
}
