import { randomBytes } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ContentExtractor } from "../../../shared/extraction/extractor.ts";
import {
  docx,
  onePage,
  pdf,
  pdfStream,
  rawPdf,
  xlsx,
  zip,
  zipOf,
} from "./documents.ts";
import { epub, odf, pptx } from "./office-documents.ts";
import { drawText, png } from "./pictures.ts";
import {
  extract,
  maxRssBytes,
  mebibyte,
  openExtractor,
  peakOfChildren,
} from "./open-extractor.ts";

let extractor: ContentExtractor;
beforeAll(() => {
  extractor = openExtractor();
});
afterAll(() => extractor.close());

const types = { "[Content_Types].xml": "<Types/>" };
const compoundFile = (stream: string): Buffer =>
  Buffer.concat([
    Buffer.from("d0cf11e0a1b11ae1", "hex"),
    Buffer.alloc(1024),
    Buffer.from(stream, "utf16le"),
    Buffer.alloc(512),
  ]);

const locked = rawPdf(
  onePage,
  `/ID [<${"00".repeat(16)}> <${"00".repeat(16)}>] /Encrypt << /Filter /Standard /V 2 /R 3 /Length 128 /P -44 /O <${"11".repeat(32)}> /U <${"22".repeat(32)}> >>`,
);

describe("every document that cannot be read gets its code", () => {
  test.each<[string, () => Uint8Array | string | Promise<Uint8Array>, string]>([
    ["no bytes", () => "", "empty"],
    ["only blanks", () => " \n\t ", "empty"],
    ["a PDF without text", () => pdf(() => undefined), "empty"],
    ["a workbook without cells", () => xlsx({ sheets: { A: "" } }), "empty"],
    [
      "a page without text",
      () => "<!doctype html><html><body><img></body></html>",
      "empty",
    ],
    [
      "a program in an archive",
      () => zip({ "META-INF/MANIFEST.MF": "" }),
      "unsupported",
    ],
    ["an archive of nothing", () => zip({ "folder/": "" }), "empty"],
    [
      "an OpenDocument drawing",
      () => zip({ mimetype: "application/vnd.oasis.opendocument.graphics" }),
      "unsupported",
    ],
    ["a presentation without words", () => pptx([{ shapes: "" }]), "empty"],
    ["rich text without words", () => "{\\rtf1\\pard\\par}", "empty"],
    ["a book of pictures", () => epub({ a: '<img src="a.png"/>' }), "empty"],
    ["subtitles without words", () => "WEBVTT\n\nNOTE none\n", "empty"],
    ["random bytes", () => randomBytes(5000), "unsupported"],
    [
      "an animation",
      () => Buffer.from("474946383961010001000000003b000000", "hex"),
      "unsupported",
    ],
    ["a picture", () => png(drawText("A")), "ocr_off"],
    ["PostScript", () => "%!PS-Adobe-3.0\n(text) show", "unsupported"],
    ["a .doc or .xls", () => compoundFile("WordDocument"), "unsupported"],
    ["a locked PDF", () => locked, "encrypted"],
    [
      "a locked Office document",
      () => compoundFile("EncryptedPackage"),
      "encrypted",
    ],
    [
      "a locked OpenDocument text",
      () =>
        odf("odt", "", "", {
          "META-INF/manifest.xml": "<manifest:encryption-data/>",
        }),
      "encrypted",
    ],
    [
      "a locked book",
      () =>
        epub({ a: "<p>x</p>" }, "", {
          "META-INF/encryption.xml": '<e:CipherReference URI="OEBPS/text/a"/>',
        }),
      "encrypted",
    ],
    [
      "a presentation of rubbish",
      () => zip({ ...types, "ppt/presentation.xml": "<p/>" }),
      "corrupt",
    ],
    [
      "an OpenDocument sheet of rubbish",
      () => odf("ods", "<table:table"),
      "corrupt",
    ],
    [
      "a book without its package",
      () => zip({ mimetype: "application/epub+zip" }),
      "corrupt",
    ],
    ["a PDF of rubbish", () => "%PDF-1.7\nrubbish", "corrupt"],
    [
      "half a Word document",
      async () => (await docx()).slice(0, 2000),
      "corrupt",
    ],
    [
      "a Word document of rubbish",
      () => zip({ ...types, "word/document.xml": "rubbish" }),
      "corrupt",
    ],
    [
      "a workbook of rubbish",
      () => zip({ ...types, "xl/workbook.xml": "<a <b" }),
      "corrupt",
    ],
  ])("%s", async (_name, make, code) => {
    expect(await extract(extractor, await make())).toEqual({
      code: `extraction_${code}`,
    });
  });
});

const zeros = deflateRawSync(Buffer.alloc(300 * mebibyte));
const bomb = (declaredSize: number): Uint8Array =>
  zipOf(
    ["[Content_Types].xml", "word/document.xml"].map((name) => ({
      name,
      bytes: zeros,
      declaredSize,
    })),
  );
const blanks = deflateRawSync(Buffer.alloc(70 * mebibyte, " "));
const crowd = (): Uint8Array =>
  zipOf(
    Array.from({ length: 20_000 }, (_, number) => ({
      name: `word/${number}.xml`,
      bytes: Buffer.from([3, 0]),
      declaredSize: 0,
    })),
  );

const entities = `<!DOCTYPE d [<!ENTITY a0 "lol">${Array.from(
  { length: 12 },
  (_, level) => `<!ENTITY a${level + 1} "${`&a${level};`.repeat(10)}">`,
).join("")}]>`;

describe("a document made to harm is stopped or read, and no child takes more than its memory", () => {
  test.each<
    [
      string,
      () => Uint8Array | string | Promise<Uint8Array>,
      string | undefined,
    ]
  >([
    [
      "a Word document of 300 MB in 300 kB",
      () => bomb(300 * mebibyte),
      "too_large",
    ],
    ["one that lies about its size", () => bomb(1000), "too_large"],
    [
      "parts that are each within the limit, but not together",
      () =>
        zipOf(
          ["[Content_Types].xml", "xl/workbook.xml", "xl/styles.xml"].map(
            (name) => ({ name, bytes: blanks, declaredSize: 70 * mebibyte }),
          ),
        ),
      "too_large",
    ],
    ["20 000 files in an archive", crowd, "too_large"],
    [
      "a PDF page of 400 MB",
      () =>
        rawPdf([
          ...onePage,
          pdfStream(Buffer.alloc(400 * mebibyte, "(a) Tj ")),
        ]),
      "too_large",
    ],
    [
      "entities in Word XML",
      () => zip({ ...types, "word/document.xml": `${entities}<w>&a12;</w>` }),
      "corrupt",
    ],
    [
      "entities in a workbook",
      () => zip({ ...types, "xl/workbook.xml": `${entities}<w>&a12;</w>` }),
      "corrupt",
    ],
    [
      "entities in a slide",
      () => pptx([{ shapes: `${entities}<a:t>&a12;</a:t>` }]),
      "corrupt",
    ],
    [
      "entities in an OpenDocument text",
      () => odf("odt", `${entities}<text:p>&a12;</text:p>`),
      "corrupt",
    ],
    [
      "a book of 300 MB in 300 kB",
      () => zipOf([{ name: "mimetype", bytes: zeros, declaredSize: 1000 }]),
      "too_large",
    ],
    [
      "a cell repeated over a sheet of OpenDocument",
      () =>
        odf(
          "ods",
          '<table:table><table:table-row table:number-rows-repeated="1048576"><table:table-cell table:number-columns-repeated="16384"><text:p>x</text:p></table:table-cell></table:table-row></table:table>',
        ),
      "too_large",
    ],
    [
      "a million repeated blanks in OpenDocument",
      () =>
        odf(
          "odt",
          `<text:p>a${'<text:s text:c="999999999"/>'.repeat(5000)}</text:p>`,
        ),
      undefined,
    ],
    [
      "100 000 lists in a list of OpenDocument",
      () =>
        odf(
          "odt",
          `${"<text:list><text:list-item>".repeat(100_000)}<text:p>deep</text:p>`,
        ),
      undefined,
    ],
    [
      "a chapter that the spine names 100 000 times",
      () =>
        epub({ a: `<p>${"word ".repeat(1000)}</p>` }, "", {
          "OEBPS/book.opf": `<package><manifest><item id="a" href="text/a" media-type="text/html"/></manifest><spine>${'<itemref idref="a"/>'.repeat(100_000)}</spine></package>`,
        }),
      undefined,
    ],
    [
      "100 000 groups in a group of rich text",
      () => `{\\rtf1 ${"{".repeat(100_000)}deep`,
      "too_large",
    ],
    [
      "20 MB of binary data in rich text",
      () =>
        `{\\rtf1 word {\\*\\objdata\\bin${20 * mebibyte} ${"}".repeat(20 * mebibyte)}}}`,
      undefined,
    ],
    [
      "5 MB of font changes in rich text",
      () => `{\\rtf1 word ${"\\f1\\u8364?".repeat(mebibyte / 2)}}`,
      undefined,
    ],
    [
      "a row of a million cells in rich text",
      () =>
        `{\\rtf1 \\intbl ${"a\\cell ".repeat(mebibyte)}\\row ${"b\\cell\\row ".repeat(100_000)}}`,
      undefined,
    ],
    [
      "subtitles of 20 MB of tag openings",
      () =>
        `WEBVTT\n\n00:00.000 --> 00:01.000\n${"<v ".repeat(7 * mebibyte)}word\n`,
      undefined,
    ],
    [
      "20 000 nested elements",
      () => `<!doctype html><html><body>${"<div>".repeat(20_000)}deep`,
      undefined,
    ],
    [
      "JSON nested 100 000 deep",
      () => `${"[".repeat(100_000)}"deep"${"]".repeat(100_000)}`,
      undefined,
    ],
    [
      "one CSV line of 20 MB",
      () => `a,b,c\n${"x".repeat(20 * mebibyte)},1,2\n`,
      undefined,
    ],
    [
      "a quote in CSV that never closes",
      () => `a,b\n"${"x,y\n".repeat(500_000)}`,
      undefined,
    ],
    [
      "10 MB of blanks before a letter",
      () => `a${" ".repeat(10 * mebibyte)}b`,
      undefined,
    ],
    [
      "10 MB of comment openings",
      () => "<!--".repeat(2 * mebibyte) + " word",
      undefined,
    ],
    [
      "a cell in the last column of the last row",
      () =>
        xlsx({
          sheets: {
            A: '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
          },
        }),
      undefined,
    ],
  ])("%s", async (name, make, code) => {
    const bytes = await make();
    const { result, peakBytes } = await peakOfChildren(() =>
      extract(extractor, bytes, name.includes("CSV") ? "a.csv" : undefined),
    );
    expect(result.code ?? "read").toMatch(
      code === undefined
        ? /^read$|^extraction_too_large$/
        : new RegExp(`^extraction_${code}$`),
    );
    expect(peakBytes).toBeLessThanOrEqual(maxRssBytes);
    // The next document is none the worse for it.
    expect((await extract(extractor, "still here")).words).toBe(2);
  });
});

test("a PDF of 1000 pages is read within its memory", async () => {
  const bytes = await pdf(
    ...Array.from(
      { length: 1000 },
      (_, page) =>
        (draw: (text: string, at: { x: number; y: number }) => void) => {
          for (let line = 0; line < 20; line += 1) {
            draw(`Page ${page + 1} line ${line} of the long report`, {
              x: 50,
              y: 50 + line * 14,
            });
          }
        },
    ),
  );
  const { result, peakBytes } = await peakOfChildren(() =>
    extract(extractor, bytes),
  );
  expect(result.pages).toBe(1000);
  expect(result.text).toContain("<!-- page 1000 -->\n\nPage 1000 line 0 of");
  expect(peakBytes).toBeLessThanOrEqual(maxRssBytes);
});
