import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ContentExtractor } from "../../../shared/extraction/extractor.ts";
import { epub, line, odf, pptx, shape } from "./office-documents.ts";
import { extract, openExtractor } from "./open-extractor.ts";

let extractor: ContentExtractor;
beforeAll(() => {
  extractor = openExtractor();
});
afterAll(() => extractor.close());

const markdown = (...lines: readonly string[]): string =>
  `${lines.join("\n")}\n`;

describe("PPTX", () => {
  const layout = `<p:sldLayout><p:sp><p:nvSpPr><p:nvPr><p:ph type="body" idx="7"/></p:nvPr></p:nvSpPr><p:txBody><a:lstStyle><a:lvl1pPr><a:buNone/></a:lvl1pPr></a:lstStyle><a:p/></p:txBody></p:sp></p:sldLayout>`;
  const table = `<p:graphicFrame><a:tbl><a:tr><a:tc><a:txBody>${line("Year")}</a:txBody></a:tc><a:tc><a:txBody>${line("Revenue")}</a:txBody></a:tc></a:tr><a:tr><a:tc><a:txBody>${line("2025")}</a:txBody></a:tc><a:tc><a:txBody>${line("1,344")}${line("million")}</a:txBody></a:tc></a:tr></a:tbl></p:graphicFrame>`;
  const diagram = `<dgm:dataModel><dgm:ptLst><dgm:pt><dgm:t>${line("Plan")}</dgm:t></dgm:pt><dgm:pt type="pres"><dgm:t><a:p/></dgm:t></dgm:pt><dgm:pt><dgm:t>${line("Build")}</dgm:t></dgm:pt></dgm:ptLst></dgm:dataModel>`;
  const numbered = (level: number, start = ""): string =>
    `<a:pPr lvl="${level}"><a:buAutoNum type="arabicPeriod"${start}/></a:pPr>`;
  const bytes = pptx(
    [
      {
        shapes:
          shape(
            'type="body" idx="1"',
            line("Growth &amp; hiring") +
              line("Twelve per cent", '<a:pPr lvl="1"/>') +
              line("Not listed", "<a:pPr><a:buNone/></a:pPr>"),
          ) +
          shape('type="title"', line("Results")) +
          shape(
            'type="sldNum" idx="12"',
            '<a:p><a:fld type="slidenum"><a:t>1</a:t></a:fld></a:p>',
          ) +
          shape('type="body" idx="7"', line("A caption, says the layout.")) +
          `<p:grpSp>${shape(undefined, "<a:p><a:r><a:t>A text</a:t></a:r><a:br/><a:r><a:t>box in a group.</a:t></a:r></a:p>")}</p:grpSp>` +
          table,
        notes:
          shape('type="sldImg"', "") +
          shape('type="body" idx="1"', line("Say thanks first.")) +
          shape('type="sldNum"', line("1")),
      },
      {
        shapes:
          shape(
            'idx="1"',
            line("Listen", numbered(0, ' startAt="3"')) +
              line("Closely", numbered(1)) +
              line("Answer", numbered(0)),
          ) +
          `<mc:AlternateContent><mc:Choice>${shape(undefined, line("New."))}</mc:Choice><mc:Fallback>${shape(undefined, line("Old."))}</mc:Fallback></mc:AlternateContent>` +
          '<p:graphicFrame><a:graphic><dgm:relIds r:dm="rD" r:lo="rX"/></a:graphic></p:graphicFrame>',
      },
      { shapes: "" },
    ],
    {
      "ppt/slideLayouts/layout.xml": layout,
      "ppt/diagrams/data.xml": diagram,
    },
  );

  test("slides come in the order of the show under their marks, with titles, lists, tables, diagrams and notes", async () => {
    expect(await extract(extractor, bytes, "a.docx")).toEqual({
      mediaType:
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
      pages: 3,
      words: 37,
      text: markdown(
        "<!-- slide 1 -->",
        "",
        "# Results",
        "",
        "- Growth & hiring",
        "  - Twelve per cent",
        "",
        "Not listed",
        "",
        "A caption, says the layout.",
        "",
        "A text",
        "box in a group.",
        "",
        "| Year | Revenue |",
        "| --- | --- |",
        "| 2025 | 1,344 million |",
        "",
        "## Notes",
        "",
        "Say thanks first.",
        "",
        "<!-- slide 2 -->",
        "",
        "3. Listen",
        "   1. Closely",
        "4. Answer",
        "",
        "New.",
        "",
        "- Plan",
        "- Build",
        "",
        "<!-- slide 3 -->",
        "",
      ),
    });
  });
});

describe("ODT", () => {
  const styles = `<style:style style:name="P1" style:parent-style-name="Title"/>
    <text:list-style style:name="L1"><text:list-level-style-number text:level="1" style:num-format="1"/><text:list-level-style-bullet text:level="2"/></text:list-style>`;
  const row = (...cells: readonly string[]): string =>
    `<table:table-row>${cells.map((cell) => `<table:table-cell><text:p>${cell}</text:p></table:table-cell>`).join("")}</table:table-row>`;
  const body = `
    <text:tracked-changes><text:changed-region><text:p>Deleted</text:p></text:changed-region></text:tracked-changes>
    <text:p text:style-name="P1">Handbook</text:p>
    <text:p>The team has <text:span>seven</text:span>
      members<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation><text:note-body><text:p>Counted on 31 December.</text:p></text:note-body></text:note> in<text:s text:c="3"/>two_cities.<office:annotation><text:p>Really?</text:p></office:annotation></text:p>
    <text:h text:outline-level="2">Duties</text:h>
    <text:list text:style-name="L1"><text:list-item><text:p>Listen</text:p><text:p>closely</text:p>
      <text:list><text:list-item><text:p>Phone</text:p></text:list-item></text:list></text:list-item>
      <text:list-item><text:p>Answer</text:p></text:list-item></text:list>
    <text:list text:style-name="L2"><text:list-item><text:p>Support</text:p></text:list-item></text:list>
    <table:table><table:table-header-rows>${row("Name", "City")}</table:table-header-rows>${row("Ada", "London | UK")}
      <table:table-row><table:table-cell table:number-columns-spanned="2"><text:p>Both</text:p><text:list><text:list-item><text:p>of us</text:p></text:list-item></text:list></table:table-cell><table:covered-table-cell/></table:table-row></table:table>
    <text:p>Outside <draw:frame draw:name="box"><draw:text-box><text:p>A text box.</text:p></draw:text-box></draw:frame>and <text:title>Handbook</text:title><draw:frame><svg:desc>A map.</svg:desc></draw:frame><text:line-break/>after.</text:p>`;

  test("headings, lists, tables and notes come out as those of a Word document do", async () => {
    expect(await extract(extractor, odf("odt", body, styles))).toEqual({
      mediaType: "application/vnd.oasis.opendocument.text",
      words: 38,
      text: markdown(
        "# Handbook",
        "",
        "The team has seven members[^1] in two_cities.",
        "",
        "## Duties",
        "",
        "1. Listen",
        "   closely",
        "   - Phone",
        "2. Answer",
        "",
        "- Support",
        "",
        "| Name | City |",
        "| --- | --- |",
        "| Ada | London \\| UK |",
        "| Both of us |  |",
        "",
        "A text box.",
        "",
        "Outside and Handbook A map.",
        "after.",
        "",
        "[^1]: Counted on 31 December.",
      ),
    });
  });
});

describe("ODS", () => {
  const cell = (text: string, attributes = ""): string =>
    `<table:table-cell ${attributes}><text:p>${text}</text:p></table:table-cell>`;
  const body = `
    <table:table table:name="People &amp; more">
      <table:table-row><table:table-cell/>${cell("Name")}${cell("Start")}${cell("Share")}<table:table-cell table:number-columns-repeated="16380"/></table:table-row>
      <table:table-row table:number-rows-repeated="2">${cell("")}${cell("Ada")}${cell("29.02.24", 'office:value-type="date" office:date-value="2024-02-29T00:00:00"')}${cell("12,5 %", 'office:value-type="percentage" office:value="0.125"')}</table:table-row>
      <table:table-row>${cell("")}${cell("Bob<office:annotation><text:p>left</text:p></office:annotation>")}${cell("36:00:00", 'office:value-type="time" office:time-value="PT36H00M05S"')}${cell("WAHR", 'office:value-type="boolean" office:boolean-value="true"')}</table:table-row>
      <table:table-row table:number-rows-repeated="1048570"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>
    </table:table>
    <table:table table:name="Second"><table:table-row>${cell("x", 'table:number-columns-repeated="3"')}</table:table-row></table:table>`;

  test("every sheet is a table under its mark: ISO dates, values as shown, repeated cells told out", async () => {
    expect(await extract(extractor, odf("ods", body))).toEqual({
      mediaType: "application/vnd.oasis.opendocument.spreadsheet",
      pages: 2,
      words: 15,
      text: markdown(
        "<!-- sheet People & more -->",
        "<!-- cells B-D 1-4 -->",
        "",
        "| Name | Start | Share |",
        "| --- | --- | --- |",
        "| Ada | 2024-02-29 | 12,5 % |",
        "| Ada | 2024-02-29 | 12,5 % |",
        "| Bob | 36:00:05 | TRUE |",
        "",
        "<!-- sheet Second -->",
        "<!-- cells A-C 1 -->",
        "",
        "| x | x | x |",
        "| --- | --- | --- |",
      ),
    });
  });
});

describe("EPUB", () => {
  test("chapters come in the order of the spine under their marks, and take a missing title from the contents", async () => {
    const bytes = epub(
      {
        "z cover.xhtml": '<img src="cover.png"/>',
        "b.xhtml":
          '<h1 id="one">The sea</h1><p>It was <a id="p1"/>calm.</p><script>alert(1)</script><ul><li>Ships</li></ul>',
        "a.xhtml": "<p>No heading here.</p>",
      },
      '<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>',
      {
        "OEBPS/nav.xhtml":
          '<html><body><nav epub:type="toc"><ol><li><a href="text/b.xhtml#one">Sea</a></li><li><a href="text/a.xhtml">The shore</a></li></ol></nav></body></html>',
      },
    );
    expect(await extract(extractor, bytes)).toEqual({
      mediaType: "application/epub+zip",
      pages: 3,
      words: 11,
      text: markdown(
        "<!-- chapter 1 -->",
        "",
        "",
        "<!-- chapter 2 -->",
        "",
        "# The sea",
        "",
        "It was calm.",
        "",
        "- Ships",
        "",
        "<!-- chapter 3 -->",
        "",
        "# The shore",
        "",
        "No heading here.",
      ),
    });
  });

  test("the titles of an older book stand in its NCX", async () => {
    const bytes = epub(
      { "a.xhtml": "<p>Words.</p>" },
      '<item id="toc" href="toc.ncx" media-type="application/x-dtbncx+xml"/>',
      {
        "OEBPS/toc.ncx":
          '<?xml version="1.0"?><!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" "http://www.daisy.org/z3986/2005/ncx-2005-1.dtd"><ncx><navMap><navPoint id="n1"><navLabel><text>The shore</text></navLabel><content src="text/a.xhtml"/></navPoint></navMap></ncx>',
      },
    );
    const { text } = await extract(extractor, bytes);
    expect(text).toBe(
      markdown("<!-- chapter 1 -->", "", "# The shore", "", "Words."),
    );
  });
});
