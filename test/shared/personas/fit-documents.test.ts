import { expect, test } from "vitest";
import {
  estimateTokens,
  fitDocuments,
} from "../../../shared/personas/retrieval/fit-documents.ts";
import { toQuestions } from "../../../shared/personas/retrieval/question.ts";
import { documents } from "./persona-builders.ts";

function chapter(topic: string): string {
  const paragraphs = Array.from(
    { length: 50 },
    (_, index) => `Paragraph ${index} is about ${topic} and little else.`,
  );
  return `<!-- page 1 -->\n\n# On ${topic}\n\n${paragraphs.join("\n\n")}`;
}

test("documents that fit are given whole", () => {
  const texts = ["# One\n\nFirst.", "Second."];
  expect(fitDocuments(documents(...texts), [], 1_000)).toEqual([
    { artifactIndex: 0, text: texts[0] },
    { artifactIndex: 1, text: texts[1] },
  ]);
});

test("without a question every document gives its beginning, and the budget is kept", () => {
  const fitted = fitDocuments(
    documents(chapter("boats"), chapter("ropes")),
    [],
    400,
  );
  for (const [index, topic] of ["boats", "ropes"].entries()) {
    expect(fitted[index]?.text).toContain(`Paragraph 0 is about ${topic}`);
    expect(fitted[index]?.text).toMatch(/\[…\]$/);
  }
  const total = fitted.reduce((sum, { text }) => sum + estimateTokens(text), 0);
  expect(total).toBeLessThanOrEqual(400);
});

test("with a question the passages about it come first, below their page and heading", () => {
  const long = `${chapter("boats")}\n\n<!-- page 2 -->\n\n## Anchors\n\nAn anchor weighs 41 kg.\n\n${chapter("ropes")}`;
  const [fitted] = fitDocuments(
    documents(long),
    toQuestions("How heavy is an anchor?"),
    150,
  );
  expect(fitted?.text).toContain(
    "(page 2)\n# Anchors\nAn anchor weighs 41 kg.",
  );
});
