import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PDFDocument, degrees, StandardFonts } from "pdf-lib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ContentExtractor } from "../../../shared/extraction/extractor.ts";
import { zip } from "./documents.ts";
import { eml } from "./mails.ts";
import {
  englishData,
  extract,
  maxRssBytes,
  openExtractor,
  peakOfChildren,
} from "./open-extractor.ts";
import { bmp, drawText, png, tiff } from "./pictures.ts";

const ocr = { languages: ["eng"], folders: [englishData] };
let reading: ContentExtractor;
let blind: ContentExtractor;
beforeAll(() => {
  reading = openExtractor({ ocr });
  blind = openExtractor();
});
afterAll(async () => {
  await Promise.all([reading.close(), blind.close()]);
});

const picture = drawText("THE LEASE ENDS IN MARCH", "ALL RENT IS THE SAME");
const words = "THE LEASE ENDS IN MARCH ALL RENT IS THE SAME\n";

/** A PDF of one picture per page, as a scanner makes it, with `text` on a first page of its own. */
async function scan(options: {
  readonly pages: number;
  readonly text?: string;
  /** Of the page, and of the picture on it. */
  readonly rotated?: number;
}): Promise<Uint8Array> {
  const document = await PDFDocument.create();
  const image = await document.embedPng(png(picture));
  if (options.text !== undefined) {
    const font = await document.embedFont(StandardFonts.Helvetica);
    document.addPage().drawText(options.text, { x: 50, y: 500, font });
  }
  for (let page = 0; page < options.pages; page += 1) {
    const added = document.addPage([595, 842]);
    const { rotated = 0 } = options;
    // Upright in the file, on its side on a page that is shown turned.
    if (rotated === 0) {
      added.drawImage(image, { x: 0, y: 300, width: 595, height: 160 });
    } else {
      added.setRotation(degrees(rotated));
      const at = { x: 300, y: 100, width: 595, height: 160 };
      added.drawImage(image, { ...at, rotate: degrees(rotated) });
    }
  }
  return document.save();
}

describe("OCR on", () => {
  test.each([
    ["image/png", png(picture)],
    ["image/bmp", bmp(picture)],
    ["image/tiff", tiff(picture)],
  ])("the words in a picture are its text: %s", async (mediaType, bytes) => {
    expect(await extract(reading, bytes)).toEqual({
      mediaType,
      words: 10,
      text: words,
    });
  });

  // Written with cjpeg and cwebp from the same picture.
  test.each([
    ["image/jpeg", "baseline.jpg"],
    ["image/jpeg", "progressive.jpg"],
    ["image/webp", "lossy.webp"],
    ["image/webp", "lossless.webp"],
  ])(
    "the words in a compressed picture are its text: %s, %s",
    async (mediaType, file) => {
      const bytes = readFileSync(join(import.meta.dirname, "scans", file));
      expect(await extract(reading, bytes)).toEqual({
        mediaType,
        words: 10,
        text: words,
      });
    },
  );

  test("every page of a TIFF is read, in order", async () => {
    const second = drawText("ALL RENT IS THE SAME");
    expect(await extract(reading, tiff(picture, second))).toMatchObject({
      mediaType: "image/tiff",
      pages: 2,
      text: `<!-- page 1 -->\n\n${words}\n<!-- page 2 -->\n\nALL RENT IS THE SAME\n`,
    });
  });

  test("scanned pages are read, pages with text are taken as they are, and both keep their numbers", async () => {
    const bytes = await scan({ pages: 2, text: "A typed page." });
    expect(await extract(reading, bytes)).toMatchObject({
      mediaType: "application/pdf",
      pages: 3,
      text: `<!-- page 1 -->\n\nA typed page.\n\n<!-- page 2 -->\n\n${words}\n<!-- page 3 -->\n\n${words}`,
    });
  });

  test("a picture is turned as the page shows it", async () => {
    expect(
      await extract(reading, await scan({ pages: 1, rotated: 90 })),
    ).toMatchObject({
      text: `<!-- page 1 -->\n\n${words}`,
    });
  });

  test("a picture in a mail in an archive is a part", async () => {
    const bytes = zip({
      "mail.eml": eml({
        plain: "See the scan.",
        attached: [
          { name: "scan.png", type: "image/png", bytes: png(picture) },
        ],
      }),
    });
    expect((await extract(reading, bytes)).parts).toMatchObject({
      "1.1": { mediaType: "image/png", text: `<!-- part 1.1 -->\n\n${words}` },
    });
  });

  test("a picture without words is empty", async () => {
    expect(await extract(reading, png(drawText("    ")))).toEqual({
      code: "extraction_empty",
    });
  });

  test.each<[string, Uint8Array, string]>([
    [
      "a small file that says it is a picture of 900 megapixels",
      png(picture, { width: 30_000, height: 30_000 }),
      "extraction_too_large",
    ],
    [
      "a picture that ends early",
      png(picture).slice(0, 200),
      "extraction_corrupt",
    ],
    [
      "a picture that ends in its header",
      png(picture).slice(0, 20),
      "extraction_corrupt",
    ],
    [
      "a TIFF whose pages go round",
      Buffer.from("49492a0008000000000008000000", "hex"),
      "extraction_corrupt",
    ],
  ])("%s", async (_name, bytes, code) => {
    expect(await extract(reading, bytes)).toEqual({ code });
  });

  test("a page of 300 dpi stays within the memory of a child", async () => {
    const line = "THE LEASE ENDS IN MARCH ALL RENT IS THE SAME";
    const lines = Array.from({ length: 36 }, (_, index) =>
      index % 9 === 0 ? line : "",
    );
    const page = drawText(...lines);
    const { result, peakBytes } = await peakOfChildren(() =>
      extract(reading, png(page)),
    );
    expect(page.width * page.height).toBeGreaterThan(5_000_000);
    expect(result.words).toBeGreaterThan(30);
    expect(peakBytes).toBeLessThan(maxRssBytes);
  });
});

describe("OCR off", () => {
  test("a picture, and a PDF of pictures, say that it is", async () => {
    const code = "extraction_ocr_off";
    expect(await extract(blind, png(picture))).toEqual({ code });
    expect(await extract(blind, await scan({ pages: 2 }))).toEqual({ code });
  });

  test("pages with text beside scanned ones are read", async () => {
    const bytes = await scan({ pages: 1, text: "A typed page." });
    expect(await extract(blind, bytes)).toMatchObject({ pages: 2, words: 3 });
  });
});
