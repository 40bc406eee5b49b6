import { readShapes, type Shape, type ShapeParagraph } from "./pptx-shapes.ts";

/** By the index of a layout's placeholder and the level, whether its text has bullets. */
export type Bullets = ReadonlyMap<string, ReadonlyMap<number, boolean>>;

/** What the list styles of a slide layout say of bullets. */
export function readBullets(layoutXml: string): Bullets {
  const bullets = new Map<string, ReadonlyMap<number, boolean>>();
  for (const { index, levels } of readShapes(layoutXml)) {
    if (index !== undefined) bullets.set(index, levels);
  }
  return bullets;
}

/** Placeholders whose text is a list where nobody says otherwise, as the body style of masters has bullets. */
const listed: ReadonlySet<string> = new Set(["body", "obj"]);

/** Whether a paragraph is a list item: by itself, its shape, the layout, or what its placeholder is for. */
export function isBulleted(
  { level, bullet }: ShapeParagraph,
  { placeholder, index, levels }: Shape,
  layout: Bullets,
): boolean {
  return (
    bullet ??
    levels.get(level) ??
    layout.get(index ?? "")?.get(level) ??
    listed.has(placeholder ?? "")
  );
}
