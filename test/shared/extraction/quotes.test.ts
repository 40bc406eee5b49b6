import { afterAll, beforeAll, expect, test } from "vitest";
import type { ContentExtractor } from "../../../shared/extraction/extractor.ts";
import { Content } from "../../../shared/kernel/content.ts";
import type { Quote } from "../../../shared/personas/persona-model.ts";
import {
  createQuoteFinder,
  verifyQuote,
} from "../../../shared/personas/quotes.ts";
import { pdf } from "./documents.ts";
import { eml } from "./mails.ts";
import { epub, line, odf, pptx, shape } from "./office-documents.ts";
import { extract, openExtractor } from "./open-extractor.ts";

let extractor: ContentExtractor;
beforeAll(() => {
  extractor = openExtractor();
});
afterAll(() => extractor.close());

test.each<[string, Uint8Array | string, string, Omit<Quote, "artifactIndex">]>([
  [
    "a slide is found by its number and title",
    pptx([
      { shapes: shape('type="title"', line("Start")) },
      {
        shapes:
          shape('type="title"', line("Results")) +
          shape('type="body"', line("Revenue grew by 12 %")),
      },
    ]),
    "grew by 12 %",
    { page: 2, heading: "Results", place: { slide: 2 }, text: "grew by 12 %" },
  ],
  [
    "a row of an OpenDocument sheet is found by the sheet",
    odf(
      "ods",
      `<table:table table:name="Costs">${["Item", "Rent", "Paper"].map((text) => `<table:table-row><table:table-cell><text:p>${text}</text:p></table:table-cell><table:table-cell><text:p>1,200</text:p></table:table-cell></table:table-row>`).join("")}</table:table>`,
    ),
    "Rent | 1,200",
    {
      heading: "Costs",
      place: { sheet: "Costs", cells: "A2:B2" },
      text: "Rent | 1,200",
    },
  ],
  [
    "a chapter without a heading is found by its number",
    epub({ a: "<h1>One</h1><p>First.</p>", b: "<p>It rained all day.</p>" }),
    "rained all day",
    { heading: "chapter 2", place: { chapter: 2 }, text: "rained all day" },
  ],
  [
    "what somebody said is found by its time, over two cues and however short",
    "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ada>Hello.\n\n01:05.000 --> 01:07.000\n<v Bob>We Close\n\n01:07.000 --> 01:09.000\n<v Bob>In May\n\n01:09.000 --> 01:10.000\n<v Ada>Why?\n",
    "We Close In May",
    {
      heading: "00:01:05",
      place: { time: "00:01:05" },
      text: "We Close In May",
    },
  ],
  [
    "a paragraph of rich text is found below its heading",
    "{\\rtf1{\\stylesheet{\\s1 heading 1;}}\\pard\\s1 Terms\\par\\pard Either side may leave.\\par}",
    "may leave",
    { heading: "Terms", text: "may leave" },
  ],
])("%s", async (_name, bytes, wanted, expected) => {
  const { text = "" } = await extract(extractor, bytes);
  const documents = [{ artifactIndex: 0, text: Content.fromText(text) }];
  const quote = createQuoteFinder(documents).locate(wanted);
  expect(quote).toEqual({ artifactIndex: 0, ...expected });
  expect(quote !== undefined && verifyQuote(documents, quote)).toBe(true);
});

test("what stands in a part is found by the part and by the place in it", async () => {
  const bytes = eml({
    plain: "See the lease.",
    attached: [
      {
        name: "lease.pdf",
        type: "application/pdf",
        bytes: await pdf(
          (draw) => draw("The first page.", { x: 50, y: 50 }),
          (draw) => draw("Rent is due in May.", { x: 50, y: 50 }),
        ),
      },
    ],
  });
  const { text = "", parts } = await extract(extractor, bytes);
  const documents = [text, parts?.["1"]?.text ?? ""].map((each, index) => ({
    artifactIndex: index,
    text: Content.fromText(each),
  }));
  expect(createQuoteFinder(documents).locate("due in May")).toEqual({
    artifactIndex: 1,
    page: 2,
    place: { part: "1", page: 2 },
    text: "due in May",
  });
});
