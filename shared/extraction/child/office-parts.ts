import { posix } from "node:path";
import type { Archive } from "./archive.ts";
import { scanXml } from "./scan-xml.ts";

/** The XML of a package's part as text; undefined when there is no such part. */
export async function readPart(
  archive: Archive,
  name: string,
): Promise<string | undefined> {
  const bytes = await archive.read(name);
  return bytes === undefined ? undefined : decodeXml(bytes);
}

/** XML as text, by its byte order mark, and else as UTF-8. */
export function decodeXml(bytes: Buffer): string {
  const isWide = bytes[0] === 0xff && bytes[1] === 0xfe;
  return new TextDecoder(isWide ? "utf-16le" : "utf-8").decode(bytes);
}

export interface Relation {
  readonly id: string;
  /** The last segment of the relationship's type. */
  readonly type: string;
  /** The part's name in the archive. */
  readonly target: string;
}

/** What an Office Open XML part refers to inside its package (ECMA-376 part 2, 9.3). */
export async function readRelations(
  archive: Archive,
  part: string,
): Promise<readonly Relation[]> {
  const relations: Relation[] = [];
  const folder = posix.dirname(part);
  const xml = await readPart(
    archive,
    posix.join(folder, "_rels", `${posix.basename(part)}.rels`),
  );
  scanXml(xml ?? "", {
    onOpen(element, attribute) {
      if (element !== "Relationship") return;
      if (attribute("TargetMode") === "External") return;
      const target = posix
        .resolve("/", folder, attribute("Target") ?? "")
        .slice(1);
      const type = attribute("Type")?.split("/").at(-1) ?? "";
      relations.push({ id: attribute("Id") ?? "", type, target });
    },
    onClose() {},
  });
  return relations;
}
