import { pageMark } from "../../marks.ts";
import type { Section } from "../extract-document.ts";
import { maxPixels, type Ocr } from "../ocr.ts";
import type { PictureHeader } from "../picture-header.ts";
import { Unreadable } from "../unreadable.ts";

/** The words in a picture; the pages of a TIFF are sections of their own. */
export async function readPicture(
  bytes: Buffer,
  { pixels, directories = [] }: PictureHeader,
  ocr: Ocr,
): Promise<readonly Section[]> {
  if (pixels > maxPixels) throw new Unreadable("extraction_too_large");
  if (directories.length <= 1) return [{ text: await ocr.read(bytes) }];
  const sections: Section[] = [];
  for (const [index, directory] of directories.entries())
    sections.push({
      mark: pageMark(index + 1),
      text: await ocr.read(startingAt(bytes, directory)),
    });
  return sections;
}

/** A TIFF whose first page is the one of `directory`: readers take the first. */
function startingAt(tiff: Buffer, directory: number): Buffer {
  const copy = Buffer.from(tiff);
  if (tiff.toString("latin1", 0, 2) === "II") copy.writeUInt32LE(directory, 4);
  else copy.writeUInt32BE(directory, 4);
  return copy;
}
