import type { XmlAttributes } from "../scan-xml.ts";

/**
 * What stands in OpenDocument text but is not said by it: comments, deleted text, the pronunciation of words. What a
 * picture shows is said, as it is to who cannot see it.
 */
const unsaid: ReadonlySet<string> = new Set([
  "annotation",
  "annotation-end",
  "tracked-changes",
  "ruby-text",
  "event-listeners",
  "forms",
  "shapes",
  "binary-data",
  "variable-decls",
  "sequence-decls",
  "user-field-decls",
  "object",
]);

const maxSpaces = 1000;

/** Collects the characters of OpenDocument paragraphs (part 3, 6.1): blanks collapse, tabs and breaks are elements. */
export function createOdfText() {
  let text = "";
  let unsaidDepth = 0;
  return {
    /** False when the element and all in it is to be passed over. */
    open(element: string, attribute: XmlAttributes): boolean {
      if (unsaid.has(element)) unsaidDepth += 1;
      if (unsaidDepth > 0) return false;
      if (element === "s") {
        const count = Number(attribute("c") ?? 1);
        text += " ".repeat(Math.min(Math.max(count || 1, 1), maxSpaces));
      } else if (element === "tab") text += "\t";
      else if (element === "line-break") text += "\n";
      else if (element === "desc") text += " ";
      return true;
    },
    /** False for what was passed over. */
    close(element: string): boolean {
      const isSaid = unsaidDepth === 0;
      if (unsaid.has(element) && unsaidDepth > 0) unsaidDepth -= 1;
      return isSaid;
    },
    /** Characters as they stand in the XML, where a line's end is a blank. */
    addRaw(raw: string): void {
      if (unsaidDepth === 0) text += raw.replace(/\s+/g, " ");
    },
    add(more: string): void {
      text += more;
    },
    /** What was collected; the next text begins. */
    take(): string {
      const taken = text;
      text = "";
      return taken;
    },
    /** Goes on with a text that was taken. */
    restore(taken: string): void {
      text = taken;
    },
  };
}
