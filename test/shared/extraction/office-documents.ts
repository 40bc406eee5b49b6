import { zip } from "./documents.ts";

/** Presentations, OpenDocument files and books for the tests of extraction, made of readable input. */

const officeRelations =
  "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

export interface Slide {
  /** The XML of its shapes. */
  readonly shapes: string;
  /** The XML of its notes page's shapes. */
  readonly notes?: string;
}

const relation = (id: string, type: string, target: string): string =>
  `<Relationship Id="${id}" Type="${officeRelations}/${type}" Target="${target}"/>`;
const slideXml = (shapes: string): string =>
  `<?xml version="1.0"?><p:sld xmlns:a="a" xmlns:p="p" xmlns:r="r"><p:cSld><p:spTree>${shapes}</p:spTree></p:cSld></p:sld>`;

/** A presentation of slides in the order given, whose parts are numbered the other way round. */
export function pptx(
  slides: readonly Slide[],
  parts: Readonly<Record<string, string>> = {},
): Uint8Array {
  const entries: Record<string, string> = {
    "[Content_Types].xml": "<Types/>",
    "ppt/presentation.xml": `<p:presentation xmlns:r="r"><p:sldMasterIdLst><p:sldMasterId id="1" r:id="rIdM"/></p:sldMasterIdLst><p:sldIdLst>${slides
      .map((_, index) => `<p:sldId id="${256 + index}" r:id="rId${index}"/>`)
      .join("")}</p:sldIdLst></p:presentation>`,
    "ppt/_rels/presentation.xml.rels": `<Relationships>${slides
      .map((_, index) =>
        relation(
          `rId${index}`,
          "slide",
          `slides/slide${slides.length - index}.xml`,
        ),
      )
      .join("")}</Relationships>`,
  };
  slides.forEach(({ shapes, notes }, index) => {
    const number = slides.length - index;
    entries[`ppt/slides/slide${number}.xml`] = slideXml(shapes);
    entries[`ppt/slides/_rels/slide${number}.xml.rels`] =
      `<Relationships>${relation("rL", "slideLayout", "../slideLayouts/layout.xml")}${relation("rD", "diagramData", "../diagrams/data.xml")}${notes === undefined ? "" : relation("rN", "notesSlide", `../notesSlides/notes${number}.xml`)}</Relationships>`;
    if (notes !== undefined)
      entries[`ppt/notesSlides/notes${number}.xml`] = slideXml(notes);
  });
  return zip({ ...entries, ...parts });
}

/** A shape: its placeholder's attributes, or none for a text box, and the XML of its paragraphs. */
export function shape(
  placeholder: string | undefined,
  paragraphs: string,
): string {
  const ph = placeholder === undefined ? "" : `<p:ph ${placeholder}/>`;
  return `<p:sp><p:nvSpPr><p:cNvPr id="1" name="x"/><p:nvPr>${ph}</p:nvPr></p:nvSpPr><p:txBody><a:bodyPr/><a:lstStyle/>${paragraphs}</p:txBody></p:sp>`;
}

/** A paragraph of a slide with the XML of its properties. */
export function line(text: string, properties = "<a:pPr/>"): string {
  return `<a:p>${properties}<a:r><a:rPr/><a:t>${text}</a:t></a:r></a:p>`;
}

const odfTypes = {
  odt: "application/vnd.oasis.opendocument.text",
  ods: "application/vnd.oasis.opendocument.spreadsheet",
} as const;

/** An OpenDocument file: the XML of its body's content and of its automatic styles. */
export function odf(
  kind: keyof typeof odfTypes,
  body: string,
  styles = "",
  parts: Readonly<Record<string, string>> = {},
): Uint8Array {
  const element = kind === "odt" ? "text" : "spreadsheet";
  return zip({
    mimetype: odfTypes[kind],
    "content.xml": `<?xml version="1.0"?><office:document-content><office:automatic-styles>${styles}</office:automatic-styles><office:body><office:${element}>${body}</office:${element}></office:body></office:document-content>`,
    "META-INF/manifest.xml": "<manifest:manifest/>",
    ...parts,
  });
}

/** A book of XHTML documents by name, in the order of the spine. `navigation` are further items of its manifest. */
export function epub(
  chapters: Readonly<Record<string, string>>,
  navigation = "",
  parts: Readonly<Record<string, string>> = {},
): Uint8Array {
  const names = Object.keys(chapters);
  const items = names.map(
    (name, index) =>
      `<item id="c${index}" href="text/${encodeURIComponent(name)}" media-type="application/xhtml+xml"/>`,
  );
  const entries: Record<string, string> = {
    mimetype: "application/epub+zip",
    "META-INF/container.xml":
      '<container><rootfiles><rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>',
    "OEBPS/book.opf": `<package><manifest>${items.toReversed().join("")}${navigation}</manifest><spine>${names
      .map((_, index) => `<itemref idref="c${index}"/>`)
      .join("")}<itemref idref="nav"/></spine></package>`,
  };
  for (const name of names) {
    entries[`OEBPS/text/${name}`] =
      `<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"><head><title/><link href="a.css"/></head><body>${chapters[name]}</body></html>`;
  }
  return zip({ ...entries, ...parts });
}
