import { slideMark } from "../../marks.ts";
import type { Archive } from "../archive.ts";
import type { Section } from "../extract-document.ts";
import {
  createMarkdownWriter,
  type MarkdownWriter,
} from "../markdown-writer.ts";
import { readPart, readRelations } from "../office-parts.ts";
import { scanXml } from "../scan-xml.ts";
import { Unreadable } from "../unreadable.ts";
import { isBulleted, readBullets, type Bullets } from "./pptx-bullets.ts";
import { readShapes, type Shape, type ShapeParagraph } from "./pptx-shapes.ts";

/** A presentation, a section per slide in the order of the show, hidden slides included, each with its notes. */
export async function readPptx(archive: Archive): Promise<readonly Section[]> {
  const main = "ppt/presentation.xml";
  const relations = await readRelations(archive, main);
  const layouts = new Map<string, Bullets>();
  const sections: Section[] = [];
  for (const id of listSlides((await readPart(archive, main)) ?? "")) {
    const part = relations.find((relation) => relation.id === id)?.target;
    if (part === undefined) throw new Unreadable("extraction_corrupt");
    const text = await readSlide(archive, part, layouts);
    sections.push({ mark: slideMark(sections.length + 1), text });
  }
  if (sections.length === 0) throw new Unreadable("extraction_corrupt");
  return sections;
}

/** The relationships to the slides; each slide stands in the list once. */
function listSlides(xml: string): Iterable<string> {
  const ids = new Set<string>();
  scanXml(xml, {
    onOpen(element, attribute) {
      if (element === "sldId") ids.add(attribute(":id") ?? "");
    },
    onClose() {},
  });
  return ids;
}

async function readSlide(
  archive: Archive,
  part: string,
  layouts: Map<string, Bullets>,
): Promise<string> {
  const xml = await readPart(archive, part);
  if (xml === undefined) throw new Unreadable("extraction_corrupt");
  const relations = await readRelations(archive, part);
  const partOf = (type: string): string =>
    relations.find((relation) => relation.type === type)?.target ?? "";

  const layoutPart = partOf("slideLayout");
  const layout =
    layouts.get(layoutPart) ??
    readBullets((await readPart(archive, layoutPart)) ?? "");
  layouts.set(layoutPart, layout);

  const writer = createMarkdownWriter();
  const shapes = readShapes(xml);
  for (const shape of shapes.filter(isTitle)) {
    writer.heading(1, shape.paragraphs.map(({ text }) => text).join(" "));
  }
  for (const shape of shapes) {
    if (isTitle(shape) || furniture.has(shape.placeholder ?? "")) continue;
    writeShape(writer, shape, layout);
    const diagram = relations.find(({ id }) => id === shape.diagramId)?.target;
    if (diagram !== undefined) {
      writeDiagram(writer, (await readPart(archive, diagram)) ?? "");
    }
  }
  writeNotes(writer, await readPart(archive, partOf("notesSlide")));
  return writer.text;
}

/** Placeholders of what stands on every slide: date, footer, header, number. */
const furniture: ReadonlySet<string> = new Set(["dt", "ftr", "hdr", "sldNum"]);

function isTitle({ placeholder }: Shape): boolean {
  return placeholder === "title" || placeholder === "ctrTitle";
}

function writeShape(
  writer: MarkdownWriter,
  shape: Shape,
  layout: Bullets,
): void {
  const numbers: number[] = [];
  for (const paragraph of shape.paragraphs) {
    const { level, text } = paragraph;
    if (text.trim() === "") continue;
    numbers.length = Math.min(numbers.length, level + 1);
    if (!isBulleted(paragraph, shape, layout)) {
      numbers.length = 0;
      writer.paragraph(text);
    } else if (paragraph.startAt !== undefined) {
      const number = numbers[level];
      numbers[level] = number === undefined ? paragraph.startAt : number + 1;
      writer.item(level, text, numbers[level]);
    } else {
      numbers.length = Math.min(numbers.length, level);
      writer.item(level, text);
    }
  }
  if (shape.rows.length > 0) writer.table(shape.rows);
}

/** The words of a SmartArt diagram stand in a part of their own, one point after the other. */
function writeDiagram(writer: MarkdownWriter, xml: string): void {
  const texts = (paragraphs: readonly ShapeParagraph[]): string[] =>
    paragraphs.map(({ text }) => text).filter((text) => text.trim() !== "");
  for (const { paragraphs } of readShapes(xml, "pt")) {
    for (const text of texts(paragraphs)) writer.item(0, text);
  }
}

/** The notes stand in the body of the notes page; its other shapes are the slide's picture and furniture. */
function writeNotes(writer: MarkdownWriter, xml: string | undefined): void {
  const notes = readShapes(xml ?? "")
    .filter(({ placeholder }) => placeholder === "body")
    .flatMap(({ paragraphs }) => paragraphs)
    .filter(({ text }) => text.trim() !== "");
  if (notes.length === 0) return;
  writer.heading(2, "Notes");
  for (const { text } of notes) writer.paragraph(text);
}
