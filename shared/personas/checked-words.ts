import { groundednessOf } from "./groundedness.ts";
import { createInertText, toInertOpinion } from "./inert-text.ts";
import type { PersonaModel } from "./persona-model.ts";

/** The model, with its words made inert, and with how much of them stands in its quotes. */
export function withCheckedWords(model: PersonaModel): PersonaModel {
  return {
    ...model,
    async answer(request, signal) {
      const opinion = await model.answer(request, signal);
      const text = createInertText(
        [
          request.query,
          ...(request.sources ?? request.documents).map(({ text }) => text),
        ].map((content) => content?.revealText() ?? ""),
      );
      const inert = toInertOpinion(opinion, text);
      const removedLinks = text.removed();
      const groundedness = groundednessOf(inert);
      return {
        ...inert,
        ...(groundedness !== undefined && { groundedness }),
        ...(removedLinks > 0 && { removedLinks }),
      };
    },
  };
}
