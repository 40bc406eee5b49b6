import { describe, expect, it } from "vitest";
import { NucleusError } from "../../shared/kernel/errors.ts";
import {
  type PersonaModel,
  PersonaOpinion,
} from "../../shared/personas/persona-model.ts";
import { verifyQuote } from "../../shared/personas/quotes.ts";
import { aRequest, never } from "../shared/personas/persona-builders.ts";

const lease = `<!-- page 1 -->

# Lease

The rent is 1,250 EUR a month and includes heating.

<!-- page 2 -->

## Notice

The tenant gives *nine months'* notice to end the lease.
`;
const manual = `# Buoy TW-3

The battery of the buoy lasts eleven years at sea.
`;
const noticeQuestion = "How many months' notice does the tenant give?";
const batteryQuestion = "How many years does the battery of the buoy last?";

/** What every model does, whether it phrases or only finds. `open` gives one that is ready to be asked. */
export function describePersonaModelContract(
  name: string,
  open: () => Promise<PersonaModel>,
): void {
  describe(`persona model: ${name}`, () => {
    it("an answer rests on quotes that stand in the documents, each with its place", async () => {
      const model = await open();
      const request = aRequest(noticeQuestion, manual, lease);
      const opinion = await model.answer(request, never());
      expect(opinion.notFound).toBe(false);
      expect(opinion.answer).toContain("nine months");
      expect(opinion.quotes).toMatchObject([
        { artifactIndex: 1, page: 2, heading: "Notice" },
      ]);
      for (const quote of opinion.quotes)
        expect(verifyQuote(request.documents, quote)).toBe(true);
    });

    it("what the documents do not say is not found, and nothing is quoted for it", async () => {
      const model = await open();
      const opinion = await model.answer(
        aRequest("Which colour is the harbour master's parrot?", lease),
        never(),
      );
      expect(opinion).toMatchObject({
        notFound: true,
        quotes: [],
        keyPoints: [],
      });
      expect(opinion.answer).not.toBe("");
    });

    it("without a query the documents are summarised in their own words", async () => {
      const model = await open();
      const request = aRequest(undefined, lease, manual);
      const opinion = await model.answer(request, never());
      expect(opinion.notFound).toBe(false);
      expect(opinion.quotes.length).toBeGreaterThan(0);
      for (const quote of opinion.quotes)
        expect(verifyQuote(request.documents, quote)).toBe(true);
    });

    it("an opinion has its declared shape, with its model's name and whole counts", async () => {
      const model = await open();
      const opinion = await model.answer(
        aRequest(noticeQuestion, lease),
        never(),
      );
      expect(PersonaOpinion.parse(opinion)).toEqual(opinion);
      expect(opinion.model).not.toBe("");
      expect(model.name).not.toBe("");
    });

    it("questions at the same time get each its own answer", async () => {
      const model = await open();
      const answers = await Promise.all(
        [noticeQuestion, batteryQuestion].map((question) =>
          model.answer(aRequest(question, lease, manual), never()),
        ),
      );
      expect(
        answers.map(({ quotes }) => quotes.map((quote) => quote.artifactIndex)),
      ).toEqual([[0], [1]]);
    });

    it.each([
      ["its own failure", new NucleusError("job_timed_out"), "job_timed_out"],
      [
        "a time limit",
        new DOMException("late", "TimeoutError"),
        "model_timeout",
      ],
      ["anything else", new Error("secret words"), "job_cancelled"],
    ])(
      "a caller that gave up with %s hears that, and nothing else",
      async (_, reason, code) => {
        const model = await open();
        const thrown: unknown = await model
          .answer(aRequest(noticeQuestion, lease), AbortSignal.abort(reason))
          .catch((error: unknown) => error);
        expect(thrown).toBeInstanceOf(NucleusError);
        expect(thrown).toMatchObject({ code });
        expect((thrown as NucleusError).cause).toBeUndefined();
      },
    );
  });
}
