import type { PanelRecord } from "../personas/panel.ts";
import type { ResultConsensus, ResultOpinion } from "./result.ts";

/** What a panel's last round means in words: the leader's answer, and what those say who do not stand with it. */
export function toResultConsensus(
  panel: PanelRecord,
  opinions: readonly ResultOpinion[],
): ResultConsensus | undefined {
  const last = panel.rounds.at(-1);
  const opinionOf = (personaId: string | undefined) =>
    opinions.find((opinion) => opinion.personaId === personaId);
  const leading = opinionOf(last?.leader);
  if (last === undefined || leading === undefined) return undefined;
  const confidenceOf = (personaId: string): number =>
    last.confidences.find((known) => known.personaId === personaId)
      ?.confidence ?? 0;
  const { personaId, answer, data, notFound } = leading;
  return {
    personaId,
    answer,
    ...(data !== undefined && { data }),
    notFound,
    confidence: confidenceOf(personaId),
    score: last.score,
    rounds: last.round,
    supporters: last.supporters.map((supporter) => ({
      personaId: supporter,
      confidence: confidenceOf(supporter),
    })),
    dissent: last.dissenters.map((dissenter) => {
      const opinion = opinionOf(dissenter);
      return {
        personaId: dissenter,
        confidence: confidenceOf(dissenter),
        answer: opinion?.answer ?? "",
        notFound: opinion?.notFound ?? true,
      };
    }),
    failed: panel.failed,
  };
}
