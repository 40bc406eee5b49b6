import { expect, test } from "vitest";
import { fitDocuments } from "../../../shared/personas/retrieval/fit-documents.ts";
import { byBytes } from "../../../shared/personas/retrieval/tokens.ts";
import { toQuestions } from "../../../shared/personas/retrieval/question.ts";
import { documents } from "./persona-builders.ts";

const room = (maxTokens: number) => ({ maxTokens, tokenizer: byBytes });

function chapter(topic: string): string {
  const paragraphs = Array.from(
    { length: 50 },
    (_, index) => `Paragraph ${index} is about ${topic} and little else.`,
  );
  return `<!-- page 1 -->\n\n# On ${topic}\n\n${paragraphs.join("\n\n")}`;
}

test("documents that fit are given whole", () => {
  const texts = ["# One\n\nFirst.", "Second."];
  expect(fitDocuments(documents(...texts), [], room(1_000))).toEqual({
    documents: [
      { artifactIndex: 0, text: texts[0] },
      { artifactIndex: 1, text: texts[1] },
    ],
    wholeTokens: 6,
    sentTokens: 6,
  });
});

test("without a question every document gives its beginning, and the budget is kept", () => {
  const { documents: fitted, sentTokens } = fitDocuments(
    documents(chapter("boats"), chapter("ropes")),
    [],
    room(400),
  );
  for (const [index, topic] of ["boats", "ropes"].entries()) {
    expect(fitted[index]?.text).toContain(`Paragraph 0 is about ${topic}`);
    expect(fitted[index]?.text).toMatch(/\[…\]$/);
  }
  expect(sentTokens).toBeGreaterThan(300);
  expect(sentTokens).toBeLessThanOrEqual(400);
});

test("with a question the passages about it come first, below their page and heading", () => {
  const long = `${chapter("boats")}\n\n<!-- page 2 -->\n\n## Anchors\n\nAn anchor weighs 41 kg.\n\n${chapter("ropes")}`;
  const fitted = fitDocuments(
    documents(long),
    toQuestions("How heavy is an anchor?"),
    room(150),
  );
  expect(fitted.documents[0]?.text).toContain(
    "(page 2)\n# Anchors\nAn anchor weighs 41 kg.",
  );
});

test("each document has its say, whatever the others hold of the answer", () => {
  const fitted = fitDocuments(
    documents(
      Array.from({ length: 40 }, (_, n) => `Anchor ${n} weighs ${n} kg.`).join(
        "\n\n",
      ),
      `${chapter("boats")}\n\nThe old anchor was sold.`,
    ),
    toQuestions("How heavy is an anchor?"),
    room(200),
  );
  expect(fitted.documents[1]?.text).toContain("The old anchor was sold.");
});

test("a paragraph that is longer than the room is cut between sentences, and the one that is asked for is kept", () => {
  const sentences = Array.from(
    { length: 200 },
    (_, n) => `Sentence ${n} tells of the weather in the harbour.`,
  );
  sentences[150] = "The anchor weighs 41 kg.";
  const { documents: fitted, sentTokens } = fitDocuments(
    documents(sentences.join(" ")),
    toQuestions("How heavy is the anchor?"),
    room(150),
  );
  expect(fitted[0]?.text).toContain("The anchor weighs 41 kg.");
  expect(fitted[0]?.text).toContain("\n[…]\nSentence");
  expect(fitted[0]?.text).not.toMatch(/Sentence \d+$/m);
  expect(sentTokens).toBeLessThanOrEqual(150);
});

test("the same documents and question give the same passages", () => {
  const given = documents(chapter("boats"), chapter("ropes and boats"));
  const fit = () =>
    fitDocuments(given, toQuestions("What about boats?"), room(300));
  expect(fit()).toEqual(fit());
});
