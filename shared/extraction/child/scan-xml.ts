import { Unreadable } from "./unreadable.ts";

export interface XmlHandlers {
  /** `name` is without its prefix. */
  readonly onOpen: (name: string, attributes: XmlAttributes) => void;
  readonly onClose: (name: string) => void;
  readonly onText?: (text: string) => void;
}

/** Reads an attribute of the element just opened, by its name without prefix; as `:id` only one that has a prefix. */
export type XmlAttributes = (name: string) => string | undefined;

/**
 * Reads the XML of a part of an office document in one pass, in linear time and without building a tree.
 *
 * Such parts have no document type (ECMA-376 part 2, 8.1; OpenDocument and EPUB need none), so there are no entities to expand: one that has it is
 * refused.
 */
export function scanXml(xml: string, handlers: XmlHandlers): void {
  let position = 0;
  while (position < xml.length) {
    const open = xml.indexOf("<", position);
    const textEnd = open < 0 ? xml.length : open;
    if (textEnd > position && handlers.onText !== undefined) {
      handlers.onText(unescapeXml(xml.slice(position, textEnd)));
    }
    if (open < 0) return;
    position =
      xml.startsWith("<!", open) || xml.startsWith("<?", open)
        ? skipDeclaration(xml, open, handlers)
        : readTag(xml, open, handlers);
  }
}

function skipDeclaration(
  xml: string,
  open: number,
  handlers: XmlHandlers,
): number {
  if (xml.startsWith("<!--", open)) return endOf(xml, "-->", open + 4);
  if (xml.startsWith("<?", open)) return endOf(xml, "?>", open + 2);
  if (!xml.startsWith("<![CDATA[", open)) {
    throw new Unreadable("extraction_corrupt");
  }
  const end = endOf(xml, "]]>", open + 9);
  handlers.onText?.(xml.slice(open + 9, end - 3));
  return end;
}

function readTag(xml: string, open: number, handlers: XmlHandlers): number {
  const end = tagEnd(xml, open);
  if (xml[open + 1] === "/") {
    handlers.onClose(localName(xml.slice(open + 2, end - 1).trim()));
    return end;
  }
  const isEmpty = xml[end - 2] === "/";
  const tag = xml.slice(open + 1, isEmpty ? end - 2 : end - 1);
  const name = localName(/^[^\s/>]+/.exec(tag)?.[0] ?? "");
  handlers.onOpen(name, (wanted) => readAttribute(tag, wanted));
  if (isEmpty) handlers.onClose(name);
  return end;
}

/** Just past the tag's `>`: one inside a quoted value does not end it. */
function tagEnd(xml: string, open: number): number {
  let quote = "";
  for (let index = open + 1; index < xml.length; index += 1) {
    const char = xml[index] ?? "";
    if (quote !== "") {
      if (char === quote) quote = "";
    } else if (char === '"' || char === "'") quote = char;
    else if (char === ">") return index + 1;
  }
  throw new Unreadable("extraction_corrupt");
}

function readAttribute(tag: string, wanted: string): string | undefined {
  for (const match of tag.matchAll(
    /\s([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g,
  )) {
    const name = match[1] ?? "";
    if (localName(name) === wanted || isPrefixed(name, wanted)) {
      return unescapeXml(match[2] ?? match[3] ?? "");
    }
  }
  return undefined;
}

function isPrefixed(name: string, wanted: string): boolean {
  return wanted.startsWith(":") && name.endsWith(wanted);
}

function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

function endOf(xml: string, closing: string, from: number): number {
  const index = xml.indexOf(closing, from);
  if (index < 0) throw new Unreadable("extraction_corrupt");
  return index + closing.length;
}

const namedCharacters: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

function unescapeXml(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(
    /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w{1,8}));/gi,
    (whole, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) return namedCharacters[name] ?? whole;
      const code = hex === undefined ? Number(decimal) : parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : "";
    },
  );
}
