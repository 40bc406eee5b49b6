import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Content } from "../../../shared/kernel/content.ts";
import { splitPassages } from "../../../shared/personas/passages.ts";
import { createQuoteFinder } from "../../../shared/personas/quotes.ts";
import { toChunks } from "../../../shared/personas/retrieval/chunks.ts";
import {
  byBytes,
  loadTokenizer,
} from "../../../shared/personas/retrieval/tokens.ts";

const chunk = (markdown: string, maxTokens: number) =>
  toChunks(3, markdown, { maxTokens, tokenizer: byBytes });

const section = (heading: string, paragraphs: number) =>
  `## ${heading}\n\n${Array.from({ length: paragraphs }, (_, n) => `Paragraph ${n} on ${heading} says what it says.`).join("\n\n")}`;

describe("chunks", () => {
  test("end where a heading begins, tiny sections together", () => {
    const markdown = [
      "# Guide",
      section("Boats", 10),
      section("Ropes", 10),
      section("Pins", 1),
      section("Nails", 1),
    ].join("\n\n");
    const headings = chunk(markdown, 220).map(({ text }) =>
      [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading),
    );
    expect(headings).toEqual([["Boats"], ["Ropes"], ["Pins", "Nails"]]);
  });

  test("of a section that is too long are below its headings, page and table header", () => {
    const rows = Array.from({ length: 60 }, (_, n) => `| part ${n} | ${n} |`);
    const markdown = `<!-- page 4 -->\n# Stock\n\n## Parts\n\n| name | count |\n| --- | --- |\n${rows.join("\n")}`;
    const chunks = chunk(markdown, 150);
    expect(chunks.length).toBeGreaterThan(2);
    for (const { text } of chunks) {
      expect(text).toMatch(/^<!-- page 4 -->\n# Stock\n## Parts\n\| name \|/);
      expect(byBytes.count(text)).toBeLessThanOrEqual(150);
    }
  });

  test("give every quote the page, heading and place that it has in the document", () => {
    const markdown = `<!-- part 2 -->\n<!-- slide 1 -->\n# One\n\n${section("A", 8)}\n\n<!-- slide 2 -->\n${section("B", 8)}`;
    const finder = createQuoteFinder([
      { artifactIndex: 3, text: Content.fromText(markdown) },
    ]);
    for (const { text } of chunk(markdown, 130))
      for (const passage of splitPassages(3, text))
        expect(finder.locate(passage.text)).toMatchObject({
          page: passage.page,
          heading: passage.heading,
          place: passage.place,
        });
  });

  test("cut a paragraph without an end between sentences, and a run without a break anywhere", () => {
    const sentences = Array.from(
      { length: 50 },
      (_, n) => `Sentence ${n} ends.`,
    );
    for (const { text } of chunk(sentences.join(" "), 40))
      expect(text).toMatch(/^Sentence .* ends\.$/);
    const run = "\u{1f6f6}x".repeat(2_000);
    const pieces = chunk(run, 60);
    expect(pieces.map(({ text }) => text).join("")).toBe(run);
    expect(pieces.every(({ text }) => text.isWellFormed())).toBe(true);
  });

  test("leave words whole that are longer than what a cut looks for", () => {
    const text = Array.from({ length: 12 }, () => "pellentesque scelerisque");
    const words = chunk(text.join("\n"), 80).flatMap((part) =>
      part.text.split(/\s+/),
    );
    expect(new Set(words)).toEqual(new Set(["pellentesque", "scelerisque"]));
  });

  test("hold every word of a document, in order, and none is above the limit", () => {
    const line = fc.oneof(
      fc.constantFrom("", "# H", "## I", "<!-- page 2 -->", "- item"),
      fc.lorem({ maxCount: 30 }),
      fc.lorem({ maxCount: 3 }).map((text) => `| ${text} | 1 |`),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 60 }), (lines) => {
        const markdown = lines.join("\n");
        const words = (text: string) => text.split(/\s+/).filter(Boolean);
        const chunks = chunk(markdown, 80);
        const sliced = chunks.map(({ start, end }) =>
          markdown.slice(start, end),
        );
        const expected = splitPassages(3, markdown).map(({ text }) => text);
        const all = words(sliced.join("\n"));
        for (const word of words(expected.join("\n"))) {
          const at = all.indexOf(word);
          expect(at).toBeGreaterThanOrEqual(0);
          all.splice(0, at + 1);
        }
        for (const { text } of chunks)
          expect(byBytes.count(text)).toBeLessThanOrEqual(90);
      }),
    );
  });
});

describe("tokens", () => {
  test("are exact for the models that read o200k_base, and an estimate by bytes for others", async () => {
    const exact = await loadTokenizer("gpt-4o-mini");
    expect(exact.count("The tenant gives nine months' notice.")).toBe(8);
    expect(await loadTokenizer("llama-3.3-70b")).toBe(byBytes);
    expect(await loadTokenizer("o1x")).toBe(byBytes);
  });

  test("of control words in a document are those of its letters", async () => {
    const exact = await loadTokenizer("gpt-4o");
    expect(exact.count("<|endoftext|>")).toBeGreaterThan(1);
  });

  test("of a run without a break are counted in time that grows with its length", async () => {
    const exact = await loadTokenizer("gpt-4o");
    const startedAtMs = performance.now();
    expect(exact.count("a".repeat(100_000))).toBeGreaterThan(10_000);
    expect(exact.count("\u6587\u6863".repeat(20_000))).toBeGreaterThan(10_000);
    expect(performance.now() - startedAtMs).toBeLessThan(5_000);
  });
});
