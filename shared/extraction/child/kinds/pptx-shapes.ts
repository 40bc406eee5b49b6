import { scanXml, type XmlAttributes } from "../scan-xml.ts";

export interface ShapeParagraph {
  /** From 0. */
  readonly level: number;
  /** Its `\n` are line breaks. */
  readonly text: string;
  /** What the paragraph itself says of a bullet or number, if anything. */
  readonly bullet?: boolean;
  /** The number of a numbered paragraph that begins its list. */
  readonly startAt?: number;
}

/** What one shape of a slide says. */
export interface Shape {
  /** The type of the placeholder that it fills (ECMA-376 part 1, 19.7.10); `obj` where it names none. */
  readonly placeholder?: string;
  /** Which of the layout's placeholders that is. */
  readonly index?: string;
  readonly paragraphs: readonly ShapeParagraph[];
  /** By level, whether the shape's own list style has bullets. */
  readonly levels: ReadonlyMap<number, boolean>;
  /** The cells of a table. */
  readonly rows: readonly (readonly string[])[];
  /** The relationship to the words of a diagram. */
  readonly diagramId?: string;
}

type Draft<T> = { -readonly [K in keyof T]: T[K] };

interface ShapeDraft extends Draft<
  Omit<Shape, "paragraphs" | "levels" | "rows">
> {
  readonly paragraphs: ShapeParagraph[];
  readonly levels: Map<number, boolean>;
  readonly rows: string[][];
}

const containers: ReadonlySet<string> = new Set(["sp", "graphicFrame", "pic"]);

/**
 * The shapes of a slide, layout or notes page in the order in which a screen reader says them, those of groups
 * included. With `container` the elements of that name count as the shapes.
 */
export function readShapes(xml: string, container?: string): readonly Shape[] {
  const shapes: ShapeDraft[] = [];
  const reader = createShapeReader();
  /** Inside what an older program would show instead: it repeats the same words. */
  let fallback = 0;
  const isShape = (element: string): boolean =>
    container === undefined ? containers.has(element) : element === container;
  scanXml(xml, {
    onOpen(element, attribute) {
      if (element === "Fallback") fallback += 1;
      if (fallback > 0) return;
      if (isShape(element)) shapes.push(reader.begin());
      else reader.open(element, attribute);
    },
    onText(text) {
      if (fallback === 0) reader.add(text);
    },
    onClose(element) {
      if (element === "Fallback") fallback -= 1;
      else if (fallback === 0) reader.close(element);
    },
  });
  return shapes;
}

function createShapeReader() {
  let shape: ShapeDraft | undefined;
  let paragraph: Draft<ShapeParagraph> | undefined;
  let cell: string[] | undefined;
  let listLevel: number | undefined;
  let inText = false;

  const setBullet = (hasBullet: boolean): void => {
    if (paragraph !== undefined) paragraph.bullet = hasBullet;
    else if (listLevel !== undefined) shape?.levels.set(listLevel, hasBullet);
  };

  return {
    begin(): ShapeDraft {
      shape = { paragraphs: [], levels: new Map(), rows: [] };
      return shape;
    },
    open(element: string, attribute: XmlAttributes): void {
      const level = /^lvl([1-9])pPr$/.exec(element)?.[1];
      if (level !== undefined) listLevel = Number(level) - 1;
      else if (element === "p") paragraph = { level: 0, text: "" };
      else if (element === "t") inText = paragraph !== undefined;
      else if (element === "tr") shape?.rows.push([]);
      else if (element === "tc") cell = [];
      else if (element === "buNone") setBullet(false);
      else if (element === "buChar" || element === "buBlip") setBullet(true);
      else if (element === "buAutoNum") {
        setBullet(true);
        if (paragraph !== undefined) {
          paragraph.startAt = Number(attribute("startAt") ?? 1) || 1;
        }
      } else if (paragraph !== undefined) {
        if (element === "br") paragraph.text += "\n";
        else if (element === "pPr") paragraph.level = toLevel(attribute("lvl"));
      } else if (shape !== undefined) {
        describe(shape, element, attribute);
      }
    },
    add(text: string): void {
      if (inText && paragraph !== undefined) paragraph.text += text;
    },
    close(element: string): void {
      if (element === "t") inText = false;
      else if (/^lvl[1-9]pPr$/.test(element)) listLevel = undefined;
      else if (element === "p" && paragraph !== undefined) {
        if (cell === undefined) shape?.paragraphs.push(paragraph);
        else cell.push(paragraph.text);
        paragraph = undefined;
      } else if (element === "tc" && cell !== undefined) {
        shape?.rows.at(-1)?.push(cell.join(" "));
        cell = undefined;
      }
    },
  };
}

function describe(
  shape: ShapeDraft,
  element: string,
  attribute: XmlAttributes,
): void {
  if (element === "ph") {
    shape.placeholder = attribute("type") ?? "obj";
    shape.index = attribute("idx") ?? "0";
  } else if (element === "relIds") {
    shape.diagramId = attribute("dm") ?? "";
  }
}

function toLevel(value: string | undefined): number {
  const level = Number(value ?? 0);
  return level >= 0 && level <= 8 ? level : 0;
}
