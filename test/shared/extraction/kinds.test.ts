import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ContentExtractor } from "../../../shared/extraction/extractor.ts";
import { docx, pdf, xlsx } from "./documents.ts";
import { extract, openExtractor } from "./open-extractor.ts";

let extractor: ContentExtractor;
beforeAll(() => {
  extractor = openExtractor();
});
afterAll(() => extractor.close());

const markdown = (...lines: readonly string[]): string =>
  `${lines.join("\n")}\n`;

describe("PDF", () => {
  test("headings, columns, tables and paragraphs come in the order a person reads them, under page marks", async () => {
    const bytes = await pdf(
      (draw) => {
        draw("Two columns", { x: 200, y: 52, size: 22 });
        [
          "The left column begins here and",
          "goes on for a number of lines",
          "with a hyphen-",
          "ated word at the end of one of",
          "them and then it ends.",
        ].forEach((text, line) => draw(text, { x: 50, y: 102 + line * 14 }));
        [
          "The right column is read after",
          "the left one has been read to its",
          "end, because a person would do",
          "it like that too.",
        ].forEach((text, line) => draw(text, { x: 320, y: 104 + line * 14 }));
        draw("Figures", { x: 50, y: 242, size: 16 });
        [
          ["Year", "Revenue", "Staff"],
          ["2024", "1,200", "14"],
          ["2025", "1,344", "17"],
        ].forEach((row, line) =>
          row.forEach((text, column) =>
            draw(text, { x: 50 + column * 120, y: 272 + line * 16 }),
          ),
        );
        draw(
          "A paragraph below the table that runs over the whole width of the page and goes",
          { x: 50, y: 352 },
        );
        draw("on in the next line.", { x: 50, y: 366 });
        draw("A second paragraph.", { x: 50, y: 394 });
      },
      (draw) => draw("The last page.", { x: 50, y: 50 }),
    );
    expect(await extract(extractor, bytes)).toEqual({
      mediaType: "application/pdf",
      pages: 2,
      words: 91,
      text: markdown(
        "<!-- page 1 -->",
        "",
        "# Two columns",
        "",
        "The left column begins here and goes on for a number of lines with a hyphenated word at the end of one of them and then it ends.",
        "",
        "The right column is read after the left one has been read to its end, because a person would do it like that too.",
        "",
        "## Figures",
        "",
        "| Year | Revenue | Staff |",
        "| --- | --- | --- |",
        "| 2024 | 1,200 | 14 |",
        "| 2025 | 1,344 | 17 |",
        "",
        "A paragraph below the table that runs over the whole width of the page and goes on in the next line.",
        "",
        "A second paragraph.",
        "",
        "<!-- page 2 -->",
        "",
        "The last page.",
      ),
    });
  });

  test("a page without text keeps its mark, so that the pages after it keep their numbers", async () => {
    const bytes = await pdf(
      () => undefined,
      (draw) => draw("Second page", { x: 50, y: 50 }),
    );
    const { text, pages } = await extract(extractor, bytes);
    expect(pages).toBe(2);
    expect(text).toBe(
      markdown("<!-- page 1 -->", "", "", "<!-- page 2 -->", "", "Second page"),
    );
  });
});

test("DOCX keeps headings, lists, tables and footnotes, and its words as they are", async () => {
  expect(await extract(extractor, await docx())).toEqual({
    mediaType:
      "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    words: 26,
    text: markdown(
      "# Handbook",
      "",
      "The team has seven members[^1] in two_cities.",
      "",
      "## Duties",
      "",
      "- Support",
      "  - Phone",
      "- Sales",
      "",
      "1. Listen",
      "2. Answer",
      "",
      "| Name | City |",
      "| --- | --- |",
      "| Ada | London \\| UK |",
      "",
      "[^1]: Counted on 31 December.",
    ),
  });
});

test("XLSX gives every sheet as a table: ISO dates, numbers as shown, cached values, no empty rows and columns", async () => {
  const bytes = xlsx({
    formats: ["yyyy\\-mm\\-dd", "0.0%", "#,##0.00 &quot;EUR&quot;", "[h]:mm"],
    strings: [
      "Name",
      "Start",
      "Share",
      "Ada &amp; Co",
      "Total",
      "Price",
      "Time",
    ],
    sheets: {
      "People &amp; --&gt; more": `
        <row r="2"><c r="B2" t="s"><v>0</v></c><c r="C2" t="s"><v>1</v></c><c r="E2" t="s"><v>2</v></c><c r="F2" t="s"><v>5</v></c><c r="G2" t="s"><v>6</v></c></row>
        <row r="3"/>
        <row r="4"><c r="B4" t="s"><v>3</v></c><c r="C4" s="1"><v>45351</v></c><c r="E4" s="2"><v>0.125</v></c><c r="F4" s="3"><v>1234.5</v></c><c r="G4" s="4"><v>1.5</v></c></row>
        <row r="1048576"><c r="B1048576" t="s"><v>4</v></c><c r="E1048576"><f>0.1+0.2</f><v>0.30000000000000004</v></c><c r="F1048576" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>`,
      Second: `<row><c t="inlineStr"><is><t>A</t></is></c><c t="b"><v>1</v></c></row>`,
      Empty: "",
    },
  });
  const { text, pages, mediaType } = await extract(extractor, bytes);
  expect(mediaType).toBe(
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  );
  expect(pages).toBe(3);
  expect(text).toBe(
    markdown(
      "<!-- sheet People & - more -->",
      "<!-- cells B-G 2 4 1048576 -->",
      "",
      "| Name | Start | Share | Price | Time |",
      "| --- | --- | --- | --- | --- |",
      "| Ada & Co | 2024-02-29 | 12.5% | 1,234.50 EUR | 36:00:00 |",
      "| Total |  | 0.3 | #DIV/0! |  |",
      "",
      "<!-- sheet Second -->",
      "<!-- cells A-B 1 -->",
      "",
      "| A | TRUE |",
      "| --- | --- |",
      "",
      "<!-- sheet Empty -->",
      "",
    ),
  );
});

describe("HTML", () => {
  const filler =
    "The company grew by twelve per cent, which is more than in any year before, as the board said on Monday, and it hired many people.";

  test("the readable part is kept with its headings, lists and tables, the rest of the page is not", async () => {
    const { text, mediaType } = await extract(
      extractor,
      `<!doctype html><html><head><title>Annual report</title><style>p{}</style></head><body>
      <nav><a href="/">Home</a></nav><script>steal("cookie")</script>
      <article><h1>Annual report</h1><p>${filler} <b>In 2025</b>, see <a href="/a_b">a_b</a>.</p><p>${filler}</p>
      <h2>Figures</h2><table><tr><th>Year</th><th>Revenue</th></tr><tr><td>2025</td><td><p>1,344</p><p>million</p></td></tr></table>
      <ul><li>One<ol><li>Nested</li></ol></li><li>Two</li></ul></article><footer>Imprint</footer></body></html>`,
    );
    expect(mediaType).toBe("text/html");
    expect(text).toBe(
      markdown(
        "# Annual report",
        "",
        `${filler} In 2025, see a_b.`,
        "",
        filler,
        "",
        "## Figures",
        "",
        "| Year | Revenue |",
        "| --- | --- |",
        "| 2025 | 1,344 million |",
        "",
        "- One",
        "  1. Nested",
        "- Two",
      ),
    );
  });

  test("a page without a readable part gives its body", async () => {
    const { text } = await extract(
      extractor,
      "<p>Short note</p><p>Second<br>line</p>",
      "note.html",
    );
    expect(text).toBe(markdown("Short note", "", "Second", "line"));
  });

  test("a page that is all navigation still gives its text", async () => {
    const { text } = await extract(
      extractor,
      "<html><body><nav>Only this</nav></body></html>",
    );
    expect(text).toBe(markdown("Only this"));
  });
});

test("CSV becomes a table; quotes, other delimiters and ragged records are understood", async () => {
  const { text, mediaType } = await extract(
    extractor,
    '\ufeffName;Note;Sum\r\n"Doe; John";"said ""hi""\nand left";1,5\r\nOnly\r\n\r\na;b;c;d\r\n',
    "list.csv",
  );
  expect(mediaType).toBe("text/csv");
  expect(text).toBe(
    markdown(
      "| Name | Note | Sum |",
      "| --- | --- | --- |",
      '| Doe; John | said "hi" and left | 1,5 |',
      "| Only |  |  |",
      "| a | b | c d |",
    ),
  );
});

test("values in columns are a table without anybody saying so, but a letter with commas is not", async () => {
  const table = await extract(extractor, "a\tb\tc\n1\t2\t3\n4\t5\t6\n");
  expect(table.mediaType).toBe("text/tab-separated-values");
  const letter = await extract(
    extractor,
    "Dear Ada, dear Bob, hello\nYes, no, maybe\nBye, bye, bye\n",
    "letter.txt",
  );
  expect(letter.mediaType).toBe("text/plain");
});

test("JSON becomes lines that carry their path, flat lists become tables, numbers keep their digits", async () => {
  const { text, mediaType } = await extract(
    extractor,
    `{"order": {"id": 12345678901234567890, "price": 1.50, "tags": ["a", "b"], "note": null},
      "lines": [{"sku": "x|1", "count": 2}, {"sku": "y", "gift": true}], "deep": [[1], {"k": {}}]}`,
  );
  expect(mediaType).toBe("application/json");
  expect(text).toBe(
    markdown(
      "order.id: 12345678901234567890",
      "order.price: 1.50",
      "order.tags: a, b",
      "order.note: null",
      "",
      "lines:",
      "",
      "| sku | count | gift |",
      "| --- | --- | --- |",
      "| x\\|1 | 2 |  |",
      "| y |  | true |",
      "",
      "deep[0]: 1",
      "deep[1].k: {}",
    ),
  );
});

test("JSON lines are read as a list", async () => {
  const { text } = await extract(
    extractor,
    '{"event":"start","n":1}\n{"event":"stop","n":2}\n',
    "log.jsonl",
  );
  expect(text).toBe(
    markdown("| event | n |", "| --- | --- |", "| start | 1 |", "| stop | 2 |"),
  );
});

test("Markdown and plain text stay as they are, tidied, and their marks are defused", async () => {
  const source =
    "# Title\r\n\r\n\r\n\r\ntext  \r\n<!-- page 7 -->\r\n<!--  SHEET x -->\u0000\r\n";
  const { text, mediaType, pages } = await extract(extractor, source, "a.md");
  expect(mediaType).toBe("text/markdown");
  expect(pages).toBeUndefined();
  expect(text).toBe(
    markdown(
      "# Title",
      "",
      "text",
      "&lt;!-- page 7 -->",
      "&lt;!--  SHEET x -->",
    ),
  );
  expect((await extract(extractor, "just words")).mediaType).toBe("text/plain");
});

test("a long text comes out whole, whatever it is cut into on the way", async () => {
  const line = "All work and no play makes a dull line, said the fox. ";
  const lines = `${line.trim()}\n`.repeat(60_000);
  const paragraphs = `${line.trim()}\n\n`.repeat(30_000);
  const { text, words } = await extract(extractor, `${lines}\n${paragraphs}`);
  expect(text === `${lines}\n${paragraphs.trimEnd()}\n`).toBe(true);
  expect(words).toBe(90_000 * 12);
});

test("the bytes decide, not the name", async () => {
  const word = await extract(extractor, await docx(), "report.pdf");
  expect(word.mediaType).toContain("wordprocessingml");
  const page = await extract(
    extractor,
    "<!DOCTYPE html><html><body>Hi there</body></html>",
    "a.txt",
  );
  expect(page.mediaType).toBe("text/html");
});
