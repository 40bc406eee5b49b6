import { expect, test } from "vitest";
import { withCheckedWords } from "../../../shared/personas/checked-words.ts";
import { withGuardrails } from "../../../shared/personas/guardrails.ts";
import type {
  PersonaModel,
  PersonaOpinion,
} from "../../../shared/personas/persona-model.ts";
import { aPersona, aRequest, never } from "./persona-builders.ts";

const document =
  "# Lease\n\nThe rent is EUR 14,200. The portal is https://lease.example/portal.";
const quote = {
  artifactIndex: 0,
  heading: "Lease",
  text: "The rent is EUR 14,200.",
};

const saying = (
  words: Partial<PersonaOpinion> & Pick<PersonaOpinion, "answer">,
): PersonaModel => ({
  name: "scripted",
  answer: async () => ({
    keyPoints: [],
    quotes: [quote],
    notFound: false,
    usage: { inputTokens: 1, outputTokens: 1 },
    model: "scripted",
    ...words,
  }),
});
const ask = (model: PersonaModel, guardrails = {}) => {
  const persona = aPersona();
  return model.answer(
    {
      ...aRequest("How much is the rent?", document),
      persona: {
        ...persona,
        guardrails: { ...persona.guardrails, ...guardrails },
      },
    },
    never(),
  );
};

test("an address of a document may be named, another one may not; what was taken out is counted", async () => {
  const opinion = await ask(
    withCheckedWords(
      saying({
        answer:
          "The rent is EUR 14,200: https://lease.example/portal, https://other.example/?d=14200",
      }),
    ),
  );
  expect(opinion.answer).toBe(
    "The rent is EUR 14,200: https://lease.example/portal, [link removed]",
  );
  expect(opinion.removedLinks).toBe(1);
});

test("an answer says how much of it stands in its quotes; one that finds nothing does not", async () => {
  const grounded = withCheckedWords(
    saying({ answer: "The rent is EUR 14,200." }),
  );
  expect((await ask(grounded)).groundedness).toBe(1);
  const invented = withCheckedWords(saying({ answer: "The rent is EUR 9." }));
  expect((await ask(invented)).groundedness).toBe(0);
  const silent = withCheckedWords(
    saying({ answer: "It is not there.", quotes: [], notFound: true }),
  );
  expect(await ask(silent)).not.toHaveProperty("groundedness");
});

test("an answer that is not grounded enough for its persona is refused, or fails it", async () => {
  const invented = withGuardrails(
    withCheckedWords(saying({ answer: "The rent is EUR 9." })),
  );
  expect(await ask(invented, { minGroundedness: 0.5 })).toMatchObject({
    notFound: true,
    quotes: [],
  });
  await expect(
    ask(invented, { minGroundedness: 0.5, withoutEvidence: "fail" }),
  ).rejects.toMatchObject({ code: "persona_evidence_missing" });
});
