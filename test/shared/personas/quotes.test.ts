import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { splitPassages } from "../../../shared/personas/passages.ts";
import {
  createQuoteFinder,
  toReadable,
  verifyQuote,
} from "../../../shared/personas/quotes.ts";
import { createExtractiveModel } from "../../../shared/personas/adapters/extractive.ts";
import { aRequest, documents, never } from "./persona-builders.ts";

const report = `<!-- page 1 -->

# Report

A paragraph that goes
over two lines. It has **two** sentences.

<!-- page 2 -->

## Findings

The reasons are:

- the first reason
- the second reason

| Item | Price |
| --- | --- |
| Rope | 12 EUR |
| Anchor \\| chain | 90 EUR |
`;

describe("splitPassages", () => {
  test("every passage is a slice of the text and knows page, headings, lead-in and columns", () => {
    const passages = splitPassages(3, report);
    expect(
      passages.map(({ kind, text, page, headings }) => [
        kind,
        text,
        page,
        headings.join(" > "),
      ]),
    ).toEqual([
      [
        "paragraph",
        "A paragraph that goes\nover two lines. It has **two** sentences.",
        1,
        "Report",
      ],
      ["paragraph", "The reasons are:", 2, "Report > Findings"],
      ["item", "the first reason", 2, "Report > Findings"],
      ["item", "the second reason", 2, "Report > Findings"],
      ["row", "Rope | 12 EUR", 2, "Report > Findings"],
      ["row", "Anchor \\| chain | 90 EUR", 2, "Report > Findings"],
    ]);
    expect(passages[2]?.leadIn).toBe("The reasons are:");
    expect(passages[4]?.columns).toEqual(["Item", "Price"]);
    expect(passages.every(({ artifactIndex }) => artifactIndex === 3)).toBe(
      true,
    );
  });

  test("a sheet's name is the heading of its rows, and ends with the next sheet", () => {
    const rows = splitPassages(
      0,
      "<!-- sheet Costs -->\n\n| A |\n| --- |\n| 1 |\n\n<!-- sheet Staff -->\n\n| B |\n| --- |\n| 2 |",
    );
    expect(rows.map(({ heading, columns }) => [heading, columns])).toEqual([
      ["Costs", ["A"]],
      ["Staff", ["B"]],
    ]);
  });

  test("headings without a mark are told from text, list items and short paragraphs that end in a full stop", () => {
    const text =
      "Methods\nSamples were taken in the morning and kept cold until they were read.\n\n2. Results\n\nNothing grew.\n\n1. Boil water\n\n2. Add salt\n";
    expect(
      splitPassages(0, text).map(({ text, heading }) => [text, heading]),
    ).toEqual([
      [
        "Samples were taken in the morning and kept cold until they were read.",
        "Methods",
      ],
      ["Nothing grew.", "2. Results"],
      ["Boil water", "2. Results"],
      ["Add salt", "2. Results"],
    ]);
  });

  test("whatever the text, passages are its slices, in order and apart", () => {
    const line = fc.constantFrom(
      "# H",
      "text",
      "- item",
      "| a | b |",
      "| --- | --- |",
      "",
      "<!-- page 2 -->",
      "> q",
      "```",
      "  1. x",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(line, fc.string())), (lines) => {
        const text = lines.join("\n");
        let last = 0;
        for (const passage of splitPassages(0, text)) {
          expect(text.slice(passage.start, passage.end)).toBe(passage.text);
          expect(passage.start).toBeGreaterThanOrEqual(last);
          last = passage.end;
        }
      }),
    );
  });
});

describe("a quote", () => {
  const files = documents("# Other\n\nNothing of that kind.", report);

  test.each([
    ["as it stands", "the second reason", "the second reason"],
    [
      "over a line break",
      "A paragraph that goes over two lines.",
      "A paragraph that goes\nover two lines.",
    ],
    ["without emphasis", "It has two sentences.", "It has **two** sentences."],
    ["with another kind of space", "the\u00a0first reason", "the first reason"],
  ])("is found %s, and given as the document has it", (_, text, found) => {
    const quote = createQuoteFinder(files).locate(text, 0);
    expect(quote).toMatchObject({ artifactIndex: 1, text: found });
    expect(quote !== undefined && verifyQuote(files, quote)).toBe(true);
  });

  test.each([
    "the third reason",
    "the first reason the second reason",
    "THE FIRST REASON",
    " ",
    "page 2",
  ])("that is not verbatim in one passage is not found: %j", (text) => {
    expect(createQuoteFinder(files).locate(text, 1)).toBeUndefined();
  });

  test("that stands in several documents is taken from the one that was named", () => {
    const twice = documents("Same words.", "Same words.");
    expect(
      createQuoteFinder(twice).locate("Same words.", 1)?.artifactIndex,
    ).toBe(1);
  });

  test("on another page, below another heading, in another document or with other words is not verified", () => {
    const quote = {
      artifactIndex: 1,
      page: 2,
      heading: "Findings",
      text: "the first reason",
    };
    expect(verifyQuote(files, quote)).toBe(true);
    expect(verifyQuote(files, { ...quote, page: 1 })).toBe(false);
    expect(verifyQuote(files, { ...quote, heading: "Report" })).toBe(false);
    expect(verifyQuote(files, { ...quote, artifactIndex: 0 })).toBe(false);
    expect(verifyQuote(files, { ...quote, artifactIndex: 9 })).toBe(false);
    expect(verifyQuote(files, { ...quote, text: "the first  reason" })).toBe(
      false,
    );
  });

  test("reads as one line", () => {
    expect(
      toReadable({ artifactIndex: 0, text: "Anchor \\| chain | 90\n**EUR**" }),
    ).toBe("Anchor | chain · 90 EUR");
  });
});

test.each([
  ["brackets", "[".repeat(200_000)],
  ["links without an end", "[](".repeat(100_000)],
  ["blanks in a row", `| a${" ".repeat(200_000)}b | c |`],
  ["blanks in a heading", `# a${" ".repeat(200_000)}b`],
  ["dashes", `| a |\n| ${"-".repeat(200_000)}x |`],
  ["abbreviations", "A. ".repeat(100_000)],
  ["digits", "9".repeat(200_000)],
])("a hostile text of %s is read in linear time", async (_, text) => {
  const started = performance.now();
  const opinion = createExtractiveModel().answer(
    aRequest("How much does a cost when 9 b?", text),
    never(),
  );
  await opinion;
  createQuoteFinder(documents(text)).locate("nothing of it");
  expect(performance.now() - started).toBeLessThan(5_000);
});
