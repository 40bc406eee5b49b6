import { posix } from "node:path";
import type { Archive } from "../archive.ts";
import { parseHtml } from "../html-dom.ts";
import { readPart } from "../office-parts.ts";
import { scanXml } from "../scan-xml.ts";
import { toOneLine } from "../text.ts";
import { Unreadable } from "../unreadable.ts";
import { expandEmptyElements } from "./xhtml.ts";

/** What the package of a book (EPUB 3.3, 5) says of its parts. */
export interface EpubPackage {
  /** The names of the parts to read, in order. */
  readonly chapters: readonly string[];
  /** The titles that the table of contents gives them. */
  readonly titles: ReadonlyMap<string, string>;
}

interface Item {
  readonly name: string;
  readonly mediaType: string;
  readonly isNavigation: boolean;
}

/** @throws Unreadable `extraction_corrupt`, and `extraction_encrypted` when a chapter is */
export async function readEpubPackage(archive: Archive): Promise<EpubPackage> {
  const packageName = await findPackage(archive);
  const xml = await readPart(archive, packageName);
  if (xml === undefined) throw new Unreadable("extraction_corrupt");
  const { items, spine } = readPackage(xml, packageName);
  const parts = [...items.values()];
  const pages = spine
    .flatMap((id) => items.get(id) ?? [])
    .filter(
      ({ mediaType, isNavigation }) => !isNavigation && isPage(mediaType),
    );
  // The spine names a document once (EPUB 3.3, 5.6.3): whatever it says, none is read twice.
  const chapters = [...new Set(pages.map(({ name }) => name))];
  if (chapters.length === 0) throw new Unreadable("extraction_corrupt");

  const locked = await listEncrypted(archive);
  if (chapters.some((name) => locked.has(name))) {
    throw new Unreadable("extraction_encrypted");
  }
  const contents =
    parts.find(({ isNavigation }) => isNavigation) ??
    parts.find(({ mediaType }) => mediaType === "application/x-dtbncx+xml");
  return { chapters, titles: await readTitles(archive, contents) };
}

function isPage(mediaType: string): boolean {
  return mediaType === "application/xhtml+xml" || mediaType === "text/html";
}

async function findPackage(archive: Archive): Promise<string> {
  let name = "";
  scanXml((await readPart(archive, "META-INF/container.xml")) ?? "", {
    onOpen(element, attribute) {
      if (element === "rootfile" && name === "")
        name = attribute("full-path") ?? "";
    },
    onClose() {},
  });
  return name;
}

function readPackage(xml: string, packageName: string) {
  const items = new Map<string, Item>();
  const spine: string[] = [];
  scanXml(xml, {
    onOpen(element, attribute) {
      if (element === "item") {
        items.set(attribute("id") ?? "", {
          name: resolveHref(packageName, attribute("href") ?? ""),
          mediaType: attribute("media-type") ?? "",
          isNavigation: /\bnav\b/.test(attribute("properties") ?? ""),
        });
      } else if (element === "itemref") {
        spine.push(attribute("idref") ?? "");
      }
    },
    onClose() {},
  });
  return { items, spine };
}

/** The parts that are encrypted; often these are only fonts. */
async function listEncrypted(archive: Archive): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  scanXml((await readPart(archive, "META-INF/encryption.xml")) ?? "", {
    onOpen(element, attribute) {
      if (element === "CipherReference")
        names.add(resolveHref("", attribute("URI") ?? ""));
    },
    onClose() {},
  });
  return names;
}

/**
 * The first title that the contents give each part: links of a navigation document, or points of the older NCX. Both
 * are read as HTML, as an NCX has a document type.
 */
async function readTitles(
  archive: Archive,
  contents: Item | undefined,
): Promise<ReadonlyMap<string, string>> {
  const titles = new Map<string, string>();
  if (contents === undefined) return titles;
  const xml = (await readPart(archive, contents.name)) ?? "";
  const document = parseHtml(expandEmptyElements(xml));
  const add = (href: string | null | undefined, title = ""): void => {
    const name = resolveHref(contents.name, href ?? "");
    if (title !== "" && !titles.has(name)) titles.set(name, title);
  };
  for (const link of document.querySelectorAll("nav a")) {
    add(link.getAttribute("href"), toOneLine(link.textContent ?? ""));
  }
  for (const point of document.querySelectorAll("navpoint")) {
    const label = point.querySelector("navlabel")?.textContent;
    const target = point.querySelector("content");
    add(target?.getAttribute("src"), toOneLine(label ?? ""));
  }
  return titles;
}

/** The name of the part that `href` in part `from` leads to, without the place inside it. */
function resolveHref(from: string, href: string): string {
  const path = href.split("#")[0] ?? "";
  const folder = posix.dirname(from);
  return posix.resolve("/", folder, decodePath(path)).slice(1);
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
