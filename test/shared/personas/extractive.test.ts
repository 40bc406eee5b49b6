import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import {
  BenchQuestion,
  type Figures,
  measureExtractive,
  toFigures,
} from "../../../bench/measure-extractive.ts";
import {
  measureSummaries,
  SummaryPoints,
} from "../../../bench/measure-summaries.ts";
import {
  type CorpusDocument,
  readCorpus,
} from "../../../bench/read-documents.ts";
import { createExtractiveModel } from "../../../shared/personas/adapters/extractive.ts";
import {
  type PersonaDocument,
  PersonaOpinion,
} from "../../../shared/personas/persona-model.ts";
import { verifyQuote } from "../../../shared/personas/quotes.ts";
import { describePersonaModelContract } from "../../contracts/persona-model.ts";
import { aPersona, aRequest, documents, never } from "./persona-builders.ts";

const model = createExtractiveModel();
const handbook = `# Handbook

## Leave

Staff are entitled to 28 days of paid leave per year. Requests are made in the portal. They must arrive two weeks ahead.

## Prices

| Article | Weight | Price |
| --- | --- | --- |
| Rope | 3 kg | 12 EUR |
| Anchor | 41 kg | 90 EUR |

The service for severity 1 answers within four hours.`;

describePersonaModelContract("extractive", async () => createExtractiveModel());

async function ask(
  query: string | undefined,
  ...texts: string[]
): Promise<PersonaOpinion> {
  return PersonaOpinion.parse(
    await model.answer(aRequest(query, ...texts), never()),
  );
}

describe("a question", () => {
  test("is answered with the sentence, verbatim, and where it stands; the answer says that no language model wrote it", async () => {
    const opinion = await ask(
      "How many days of leave do staff get?",
      "# Else\n\nNothing here.",
      handbook,
    );
    expect(opinion.quotes[0]).toEqual({
      artifactIndex: 1,
      heading: "Leave",
      text: "Staff are entitled to 28 days of paid leave per year.",
    });
    expect(opinion.answer).toContain("without a language model");
    expect(opinion).toMatchObject({
      notFound: false,
      model: "extractive-1",
      usage: { inputTokens: 0, outputTokens: 0 },
    });
  });

  test("on a table is answered with its row, read with the column that is asked for", async () => {
    const opinion = await ask("What is the price of the anchor?", handbook);
    expect(opinion.quotes.map(({ text }) => text)).toEqual([
      "Anchor | 41 kg | 90 EUR",
    ]);
    expect(opinion.answer).toContain("“Anchor · Price: 90 EUR”");
  });

  test("a sentence that leans on the one before it is quoted with it", async () => {
    const opinion = await ask(
      "How far ahead must leave requests arrive in the portal?",
      handbook,
    );
    expect(opinion.quotes[0]?.text).toBe(
      "Requests are made in the portal. They must arrive two weeks ahead.",
    );
  });

  test.each([
    ["another name in the same sentence", "What is the price of the paddle?"],
    [
      "a number that labels something else",
      "How fast does the service for severity 4 answer?",
    ],
    ["a kind of fact that is not there", "Who grants the paid leave?"],
    ["nothing in common", "Which moon of Jupiter is the largest?"],
  ])("that the documents do not answer is not found: %s", async (_, query) => {
    expect(await ask(query, handbook)).toMatchObject({
      notFound: true,
      quotes: [],
      keyPoints: [],
    });
  });

  test("with two parts is answered in two parts, and what is missing is named", async () => {
    const opinion = await ask(
      "How heavy is the anchor, and who built the lighthouse?",
      handbook,
    );
    expect(opinion.notFound).toBe(false);
    expect(opinion.answer).toContain("Anchor · Weight: 41 kg");
    expect(opinion.answer).toContain("Not found: who built the lighthouse?");
  });

  test("of stop words only, or on no documents, does no harm", async () => {
    expect((await ask("?", handbook)).notFound).toBe(false);
    expect(await ask("What is the price?")).toMatchObject({ notFound: true });
    expect(await ask(undefined, "")).toMatchObject({ notFound: true });
  });

  test("gets the same answer every time", async () => {
    const query = "How many days of leave do staff get?";
    expect(await ask(query, handbook)).toEqual(await ask(query, handbook));
  });

  test("on a thousand pages names the page", async () => {
    const pages = Array.from({ length: 1_000 }, (_, index) =>
      `<!-- page ${index + 1} -->\n\nPage ${index + 1} tells of boats, ropes and harbours, and of the weather. Nobody asked for it, and it is long enough to be a page.\n\n`.repeat(
        1,
      ),
    );
    pages[776] += "The lighthouse was built in 1881 by Quill and Partners.\n\n";
    const opinion = await ask("When was the lighthouse built?", pages.join(""));
    expect(opinion.quotes[0]).toMatchObject({
      page: 777,
      text: "The lighthouse was built in 1881 by Quill and Partners.",
    });
  });
});

describe("on the corpus", () => {
  let corpus: readonly CorpusDocument[];
  let all: readonly PersonaDocument[];
  let read: readonly PersonaDocument[];
  beforeAll(async () => {
    corpus = await readCorpus();
    all = corpus.map(({ document }) => document);
    // The example documents are the first.
    read = all.slice(0, 5);
  });

  const readBench = (name: string): unknown =>
    JSON.parse(
      readFileSync(join(import.meta.dirname, "../../../bench", name), "utf8"),
    );
  const questions = z.array(BenchQuestion).parse(readBench("questions.json"));

  test("there are 150 questions over 20 documents, half of them held out", () => {
    expect(all).toHaveLength(20);
    const count = (set: string, isAnswerable: boolean): number =>
      questions.filter(
        (question) =>
          question.set === set && (question.expected !== null) === isAnswerable,
      ).length;
    expect([
      count("tuning", true),
      count("tuning", false),
      count("held-out", true),
      count("held-out", false),
    ]).toEqual([40, 35, 48, 27]);
  });

  test.each(["tuning", "held-out"])(
    "%s: 70 % are hit, at most 10 % answered falsely, every quote verbatim at its location",
    async (set) => {
      const asked = questions.filter((question) => question.set === set);
      const figures: Figures = toFigures(
        await measureExtractive(asked, all, model, aPersona()),
      );
      expect(figures.hits / figures.answerable).toBeGreaterThanOrEqual(0.7);
      expect(figures.falseAnswers / figures.unanswerable).toBeLessThanOrEqual(
        0.1,
      );
      expect(figures.verbatimQuotes).toBe(figures.quotes);
    },
  );

  test("summaries hold half of the points that a reader would want, in a third of the sentences", async () => {
    const outcomes = await measureSummaries(
      z.array(SummaryPoints).parse(readBench("summary-points.json")),
      corpus,
      model,
      aPersona(),
    );
    const count = (of: "held" | "missed"): number =>
      outcomes.reduce((sum, outcome) => sum + outcome[of].length, 0);
    expect(count("held")).toBeGreaterThanOrEqual(count("missed"));
  });

  test("a summary has verbatim key points from every document", async () => {
    const opinion = await model.answer(
      { persona: aPersona(), query: undefined, documents: read },
      never(),
    );
    expect(
      new Set(opinion.quotes.map(({ artifactIndex }) => artifactIndex)).size,
    ).toBe(5);
    expect(opinion.quotes.every((quote) => verifyQuote(read, quote))).toBe(
      true,
    );
  });

  test("a summary of one topic keeps to the document about it", async () => {
    const { query } = aRequest("Please summarise the security incident");
    const opinion = await model.answer(
      { persona: aPersona(), query, documents: read },
      never(),
    );
    expect(
      opinion.quotes.filter(({ artifactIndex }) => artifactIndex !== 1),
    ).toEqual([]);
  });
});

test("documents keep their own index, whatever their order", async () => {
  const [first, second] = documents(
    "# A\n\nThe mast is 14 metres high.",
    "# B\n\nThe keel is 2 metres deep.",
  );
  const opinion = await model.answer(
    { ...aRequest("How deep is the keel?"), documents: [second!, first!] },
    never(),
  );
  expect(opinion.quotes[0]?.artifactIndex).toBe(1);
});
