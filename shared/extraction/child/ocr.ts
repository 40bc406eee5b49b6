import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import createCore from "tesseract.js-core/tesseract-core-simd-lstm.wasm.js";
import type { OcrOptions } from "../protocol.ts";
import { Unreadable } from "./unreadable.ts";

/** How a picture is to be turned before it is read, in degrees clockwise. */
export type Turn = 0 | 90 | 180 | 270;

/** Reads the words in pictures. */
export interface Ocr {
  /**
   * The text in a picture file, a paragraph per block; "" where there is none, or none to be sure of.
   *
   * @throws Unreadable `extraction_corrupt` when it is no picture
   */
  read(picture: Uint8Array, turn?: Turn): Promise<string>;
}

/** Beyond it a picture takes more memory than a child has; a page of A4 scanned at 300 dpi has 8.7. */
export const maxPixels = 25_000_000;
/** Below it the words are guesses at lines and shadows. */
const leastConfidence = 40;
/** Tesseract's numbers: its neural engine, and pages of any layout. */
const neuralEngine = 1;
const anyLayout = "3";
const orientations: Readonly<Record<Turn, number>> = {
  0: 1,
  90: 6,
  180: 3,
  270: 8,
};

/**
 * Starts Tesseract within this process, on the main thread: whatever it does, it does to this process, which has no
 * network, writes no file and is watched. Its file system is memory.
 *
 * @throws Error when there is no data for a language: the setting is wrong
 */
export async function createOcr({
  languages,
  folders,
}: OcrOptions): Promise<Ocr> {
  const core = await createCore({ print: () => {}, printErr: () => {} });
  for (const language of languages)
    core.FS.writeFile(
      `${language}.traineddata`,
      await readLanguage(language, folders),
    );
  const api = new core.TessBaseAPI();
  if (api.Init(null, languages.join("+"), neuralEngine) !== 0)
    throw new Error("the language data is not Tesseract's");
  api.SetVariable("tessedit_pageseg_mode", anyLayout);

  return {
    async read(picture, turn = 0) {
      core.FS.writeFile("/input", picture);
      try {
        if (api.SetImageFile(orientations[turn], 0) === 1)
          throw new Unreadable("extraction_corrupt");
        api.Recognize(null);
        return api.MeanTextConf() < leastConfidence
          ? ""
          : toParagraphs(api.GetUTF8Text());
      } finally {
        api.Clear();
        core.FS.unlink("/input");
      }
    },
  };
}

async function readLanguage(
  language: string,
  folders: readonly string[],
): Promise<Buffer> {
  for (const folder of folders) {
    const packed = await readFile(
      join(folder, `${language}.traineddata.gz`),
    ).catch(() => undefined);
    if (packed !== undefined) return promisify(gunzip)(packed);
  }
  throw new Error("no data for a language of OCR_LANGUAGES");
}

/** Lines of a paragraph are joined, and words that a line's end divided. */
function toParagraphs(text: string): string {
  return text
    .trim()
    .split(/\n\s*\n/)
    .map((paragraph) =>
      paragraph.replace(/(?<=\p{Ll})-\n(?=\p{Ll})/gu, "").replaceAll("\n", " "),
    )
    .join("\n\n");
}
