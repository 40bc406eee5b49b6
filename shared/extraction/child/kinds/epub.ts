import { chapterMark } from "../../marks.ts";
import type { Archive } from "../archive.ts";
import type { Section } from "../extract-document.ts";
import { htmlToMarkdown } from "../html-to-markdown.ts";
import { parseHtml, removeAll } from "../html-dom.ts";
import { decodeXml } from "../office-parts.ts";
import { Unreadable } from "../unreadable.ts";
import { readEpubPackage } from "./epub-package.ts";
import { expandEmptyElements } from "./xhtml.ts";

/** A book, a section per document of its spine, in the order of reading. Its table of contents only lends titles. */
export async function readEpub(archive: Archive): Promise<readonly Section[]> {
  const { chapters, titles } = await readEpubPackage(archive);
  const sections: Section[] = [];
  for (const name of chapters) {
    const bytes = await archive.read(name);
    if (bytes === undefined) throw new Unreadable("extraction_corrupt");
    const text = readChapter(decodeXml(bytes), titles.get(name));
    sections.push({ mark: chapterMark(sections.length + 1), text });
  }
  return sections;
}

const invisible =
  "script, style, noscript, template, iframe, object, svg, head";

/** A chapter as Markdown; the title that the contents give it stands above where it has no heading itself. */
function readChapter(xhtml: string, title: string | undefined): string {
  const document = parseHtml(expandEmptyElements(xhtml));
  removeAll(document, invisible);
  const text = htmlToMarkdown(document.documentElement);
  const hasHeading = /^#{1,6} /m.test(text);
  return hasHeading || title === undefined || text.trim() === ""
    ? text
    : `# ${title}\n\n${text}`;
}
