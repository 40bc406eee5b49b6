import { getDocumentProxy } from "unpdf";
import { pageMark } from "../../marks.ts";
import type { Section } from "../extract-document.ts";
import { Unreadable } from "../unreadable.ts";
import { layoutPage, type Block } from "./pdf-layout.ts";
import { toFragments, type TextItem } from "./pdf-fragments.ts";
import { blocksToMarkdown, createSizeCensus } from "./pdf-markdown.ts";

/** A PDF as Markdown, a section per page. Pages are let go of as soon as their text is taken. */
export async function readPdf(bytes: Buffer): Promise<readonly Section[]> {
  const pdf = await open(bytes);
  const pages: (readonly Block[])[] = [];
  const census = createSizeCensus();
  try {
    for (let number = 1; number <= pdf.numPages; number += 1) {
      const page = await pdf.getPage(number);
      const { items } = await page.getTextContent();
      const { transform } = page.getViewport({ scale: 1 });
      page.cleanup();
      const texts = items.flatMap((item): TextItem[] =>
        "str" in item
          ? [{ ...item, transform: item.transform as number[] }]
          : [],
      );
      const blocks = layoutPage(toFragments(texts, transform));
      census.count(blocks);
      pages.push(blocks);
      if (number % pagesBetweenCleanups === 0) await pdf.cleanup();
    }
  } finally {
    await pdf.loadingTask.destroy();
  }
  const sizes = census.conclude();
  return pages.map((blocks, index) => ({
    mark: pageMark(index + 1),
    text: blocksToMarkdown(blocks, sizes),
  }));
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
