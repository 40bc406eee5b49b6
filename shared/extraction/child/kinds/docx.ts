import mammoth from "mammoth";
import type { Archive } from "../archive.ts";
import type { DomDocument } from "../dom.ts";
import { htmlToMarkdown } from "../html-to-markdown.ts";
import { parseHtml, removeAll } from "../html-dom.ts";
import { toOneLine } from "../text.ts";
import { Unreadable } from "../unreadable.ts";

const styleMap = [
  "p[style-name='Title'] => h1:fresh",
  "p[style-name='Subtitle'] => h2:fresh",
];

/** A Word document as Markdown, its notes at the end as `[^1]: …`. */
export async function readDocx(archive: Archive): Promise<string> {
  const { value } = await mammoth.convertToHtml(toInput(archive), {
    styleMap,
    includeEmbeddedStyleMap: false,
    externalFileAccess: false,
    // Images are neither read nor inlined.
    convertImage: mammoth.images.imgElement(() => Promise.resolve({ src: "" })),
  });
  const document = parseHtml(value);
  const notes = takeNotes(document);
  const text = htmlToMarkdown(document.body);
  return notes.length === 0 ? text : `${text}\n\n${notes.join("\n\n")}`;
}

type MammothInput = Parameters<typeof mammoth.convertToHtml>[0];

/**
 * mammoth opens `{ file }` as it opens its own zip files, so that it reads the parts from us and inflates nothing
 * itself. Its types leave that input out; its own tests are built on it.
 */
function toInput(archive: Archive): MammothInput {
  const file = {
    exists: (name: string) => archive.has(name),
    async read(name: string, encoding?: string): Promise<string | Uint8Array> {
      const bytes = await archive.read(name);
      if (bytes === undefined) throw new Unreadable("extraction_corrupt");
      if (encoding === undefined) return bytes;
      if (encoding === "base64") return bytes.toString("base64");
      const xml = new TextDecoder(encoding).decode(bytes);
      // Parts of a package have no document type (ECMA-376 part 2, 8.1), so no entities either.
      if (xml.includes("<!DOCTYPE")) throw new Unreadable("extraction_corrupt");
      return xml;
    },
  };
  return { file } as unknown as MammothInput;
}

/** Takes the list of notes out of the document, and turns references to them into `[^1]`. */
function takeNotes(document: DomDocument): string[] {
  const notes: string[] = [];
  removeAll(document, "a[href^='#footnote-ref'], a[href^='#endnote-ref']");
  for (const reference of document.querySelectorAll(
    "a[id^='footnote-ref'], a[id^='endnote-ref']",
  )) {
    const number = toOneLine(reference.textContent ?? "").replace(/\D/g, "");
    const id = reference.getAttribute("href")?.slice(1) ?? "";
    const note = document.getElementById(id);
    if (note !== null) {
      notes.push(`[^${number}]: ${toOneLine(note.textContent ?? "")}`);
    }
    reference.textContent = `[^${number}]`;
  }
  removeAll(document, "li[id^='footnote-'], li[id^='endnote-']");
  for (const list of document.querySelectorAll("ol")) {
    if ([...list.children].length === 0) list.remove();
  }
  return notes;
}
