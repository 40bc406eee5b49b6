import type { MarkdownWriter } from "../markdown-writer.ts";
import type { XmlAttributes } from "../scan-xml.ts";
import type { OdtStyles } from "./odt-styles.ts";

interface List {
  readonly style: string;
  /** The number of the last item. */
  number: number;
  /** Whether the open item has not said anything yet. */
  isItemNew: boolean;
  /** A header of a list has no bullet. */
  isHeader: boolean;
}

/** Follows the lists of an OpenDocument text (part 3, 5.3) and writes what stands in them. */
export function createOdtLists(styles: OdtStyles, writer: MarkdownWriter) {
  const open: List[] = [];
  /** Where the last list of a style ended, for the one that goes on with it. */
  const lastNumbers = new Map<string, number>();
  return {
    get isOpen() {
      return open.length > 0;
    },
    open(element: string, attribute: XmlAttributes): void {
      const list = open.at(-1);
      if (element === "list") {
        const style = attribute("style-name") ?? list?.style ?? "";
        const goesOn = attribute("continue-numbering") === "true";
        const number = goesOn ? (lastNumbers.get(style) ?? 0) : 0;
        open.push({ style, number, isItemNew: false, isHeader: true });
      } else if (element === "list-item" && list !== undefined) {
        const start = Number(attribute("start-value") ?? list.number + 1);
        list.number = Number.isInteger(start) ? start : list.number + 1;
        list.isItemNew = true;
        list.isHeader = false;
      } else if (element === "list-header" && list !== undefined) {
        list.isHeader = true;
      }
    },
    close(element: string): void {
      if (element !== "list") return;
      const list = open.pop();
      if (list !== undefined) lastNumbers.set(list.style, list.number);
    },
    /** Writes a paragraph of the open item. */
    write(text: string): void {
      const list = open.at(-1);
      if (list === undefined || text.trim() === "") return;
      if (list.isHeader || !list.isItemNew) {
        writer.continueItem(text);
        return;
      }
      const depth = open.length - 1;
      const isNumbered = styles.isNumbered(list.style, depth);
      writer.item(depth, text, isNumbered ? list.number : undefined);
      list.isItemNew = false;
    },
  };
}
