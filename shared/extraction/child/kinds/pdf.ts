import { getDocumentProxy } from "unpdf";
import { pageMark } from "../../marks.ts";
import type { Section } from "../extract-document.ts";
import type { Ocr } from "../ocr.ts";
import { Unreadable } from "../unreadable.ts";
import { layoutPage, type Block } from "./pdf-layout.ts";
import { toFragments, type TextItem } from "./pdf-fragments.ts";
import { readPagePictures, showsPicture } from "./pdf-pictures.ts";
import { blocksToMarkdown, createSizeCensus } from "./pdf-markdown.ts";

/**
 * A PDF as Markdown, a section per page. Pages are let go of as soon as their text is taken. Where a page has none, the
 * pictures on it are read, if there is `ocr`.
 *
 * @throws Unreadable; `extraction_ocr_off` when there is no text but pictures, and no `ocr` for them
 */
export async function readPdf(
  bytes: Buffer,
  ocr: Ocr | undefined,
): Promise<readonly Section[]> {
  const pdf = await open(bytes);
  const pages: (readonly Block[] | string)[] = [];
  let hasText = false;
  let hasPictures = false;
  const census = createSizeCensus();
  try {
    for (let number = 1; number <= pdf.numPages; number += 1) {
      const page = await pdf.getPage(number);
      const { items } = await page.getTextContent();
      const { transform } = page.getViewport({ scale: 1 });
      const texts = items.flatMap((item): TextItem[] =>
        "str" in item
          ? [{ ...item, transform: item.transform as number[] }]
          : [],
      );
      const blocks = layoutPage(toFragments(texts, transform));
      census.count(blocks);
      if (blocks.length > 0) {
        hasText = true;
        pages.push(blocks);
      } else if (ocr !== undefined) {
        pages.push(await readPictures(page, ocr));
      } else {
        hasPictures ||= !hasText && (await showsPicture(page));
        pages.push(blocks);
      }
      page.cleanup();
      if (number % pagesBetweenCleanups === 0) await pdf.cleanup();
    }
  } finally {
    await pdf.loadingTask.destroy();
  }
  if (!hasText && hasPictures) throw new Unreadable("extraction_ocr_off");
  const sizes = census.conclude();
  return pages.map((page, index) => ({
    mark: pageMark(index + 1),
    text: typeof page === "string" ? page : blocksToMarkdown(page, sizes),
  }));
}

type Page = Awaited<ReturnType<Pdf["getPage"]>>;

async function readPictures(page: Page, ocr: Ocr): Promise<string> {
  const texts: string[] = [];
  for await (const { file, turn } of readPagePictures(page))
    texts.push(await ocr.read(file, turn));
  return texts.filter((text) => text !== "").join("\n\n");
}

const pagesBetweenCleanups = 20;

type Pdf = Awaited<ReturnType<typeof getDocumentProxy>>;

async function open(bytes: Buffer): Promise<Pdf> {
  try {
    // pdf.js takes the array over: a copy, as the buffer may share memory with others.
    return await getDocumentProxy(new Uint8Array(bytes), {
      verbosity: 0,
      useSystemFonts: false,
      disableFontFace: true,
      useWasm: false,
      useWorkerFetch: false,
      enableXfa: false,
      stopAtErrors: false,
    });
  } catch (error) {
    const isLocked =
      error instanceof Error && error.name === "PasswordException";
    throw new Unreadable(
      isLocked ? "extraction_encrypted" : "extraction_corrupt",
    );
  }
}
