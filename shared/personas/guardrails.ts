import { NucleusError } from "../kernel/errors.ts";
import type { PersonaDefinition } from "./persona.ts";
import type { PersonaModel, PersonaOpinion } from "./persona-model.ts";

/** The model, with each answer held to what the persona's guardrails allow. */
export function withGuardrails(model: PersonaModel): PersonaModel {
  return {
    ...model,
    async answer(request, signal) {
      const opinion = await model.answer(request, signal);
      return applyGuardrails(request.persona, opinion);
    },
  };
}

const withoutEvidenceAnswer =
  "This persona answers only with evidence, and the documents hold too little of it.";

/**
 * The opinion as the persona's guardrails let it pass.
 *
 * @throws NucleusError persona_evidence_missing where too little stands in the documents and the persona must fail
 */
function applyGuardrails(
  { guardrails }: PersonaDefinition,
  opinion: PersonaOpinion,
): PersonaOpinion {
  const { minQuotes, maxQuotes, minGroundedness, withoutEvidence } = guardrails;
  const isGrounded = (opinion.groundedness ?? 0) >= minGroundedness;
  if (!opinion.notFound && (opinion.quotes.length < minQuotes || !isGrounded)) {
    if (withoutEvidence === "fail")
      throw new NucleusError("persona_evidence_missing");
    return refuse(opinion);
  }
  const allowed = new Set<string>(guardrails.outputFields);
  const { data, ...kept } = opinion;
  return {
    ...kept,
    answer: allowed.has("answer") ? opinion.answer : "",
    keyPoints: allowed.has("keyPoints") ? opinion.keyPoints : [],
    quotes: allowed.has("quotes") ? opinion.quotes.slice(0, maxQuotes) : [],
    ...(data !== undefined && allowed.has("data") && { data }),
  };
}

function refuse(opinion: PersonaOpinion): PersonaOpinion {
  const { data: _, groundedness: __, ...kept } = opinion;
  return {
    ...kept,
    answer: withoutEvidenceAnswer,
    keyPoints: [],
    quotes: [],
    notFound: true,
  };
}
