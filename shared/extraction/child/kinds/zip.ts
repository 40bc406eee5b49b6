import type { Archive } from "../archive.ts";
import type { ContainedDocument, Section } from "../extract-document.ts";
import { toOneLine } from "../text.ts";
import { Unreadable } from "../unreadable.ts";

/** What systems put into archives beside the documents. */
const besides =
  /(?:^|\/)(?:__MACOSX\/|\.DS_Store$|Thumbs\.db$|desktop\.ini$|\._)/i;

/**
 * An archive of documents: its own text is the list of them.
 *
 * @throws Unreadable `extraction_empty` when it has none.
 */
export function readZip(archive: Archive): {
  readonly sections: readonly Section[];
  readonly contained: readonly ContainedDocument[];
} {
  const names = archive.names.filter(
    (name) => !name.endsWith("/") && !besides.test(name),
  );
  if (names.length === 0) throw new Unreadable("extraction_empty");
  const contained = names.map((name): ContainedDocument => {
    const sizeBytes = archive.sizeOf(name);
    return {
      name,
      ...(sizeBytes !== undefined && { sizeBytes }),
      bytes: async () => (await archive.read(name)) ?? Buffer.alloc(0),
    };
  });
  return { sections: [{ text: listParts(names) }], contained };
}

/** The names of a document's parts, by their numbers. */
export function listParts(names: readonly (string | undefined)[]): string {
  return names
    .map((name, index) => {
      const label = toOneLine(name ?? "");
      return `- Part ${index + 1}: ${label === "" ? "without a name" : label}`;
    })
    .join("\n");
}
