import { scanXml, type XmlAttributes } from "../scan-xml.ts";

export interface OdtStyles {
  /** The level of the heading that a paragraph (`p` or `h`) is, if it is one. */
  headingLevel(element: string, attribute: XmlAttributes): number | undefined;
  /** Whether the items at `depth` (from 0) of a list of this style are numbered. */
  isNumbered(listStyle: string, depth: number): boolean;
}

/** Styles that are headings, as those of Word documents are. */
const titleLevels: Readonly<Record<string, number>> = { Title: 1, Subtitle: 2 };
const maxParents = 20;

/** The styles of a document, those of a later part before those of an earlier. */
export function readOdtStyles(parts: readonly string[]): OdtStyles {
  const parents = new Map<string, string>();
  const numbered = new Map<string, Set<number>>();
  for (const xml of parts) readStyles(xml, parents, numbered);

  const titleLevel = (style: string): number | undefined => {
    let name = style;
    for (let step = 0; step < maxParents; step += 1) {
      const level = titleLevels[name];
      if (level !== undefined) return level;
      name = parents.get(name) ?? "";
    }
    return undefined;
  };
  return {
    headingLevel(element, attribute) {
      if (element === "p") return titleLevel(attribute("style-name") ?? "");
      return Number(attribute("outline-level") ?? 1) || 1;
    },
    isNumbered: (listStyle, depth) =>
      numbered.get(listStyle)?.has(depth) ?? false,
  };
}

function readStyles(
  xml: string,
  parents: Map<string, string>,
  numbered: Map<string, Set<number>>,
): void {
  let levels: Set<number> | undefined;
  scanXml(xml, {
    onOpen(element, attribute) {
      if (element === "style") {
        const parent = attribute("parent-style-name");
        const name = attribute("name");
        if (parent !== undefined && name !== undefined)
          parents.set(name, parent);
      } else if (element === "list-style") {
        levels = new Set();
        numbered.set(attribute("name") ?? "", levels);
      } else if (element === "list-level-style-number") {
        // Without a format the number is not shown.
        const isShown = (attribute("num-format") ?? "") !== "";
        if (isShown) levels?.add(Number(attribute("level")) - 1);
      }
    },
    onClose(element) {
      if (element === "list-style") levels = undefined;
    },
  });
}
