import type { Archive } from "./archive.ts";
import type { Budget } from "./budget.ts";
import { readPart } from "./office-parts.ts";
import { Unreadable } from "./unreadable.ts";

const openXml = "application/vnd.openxmlformats-officedocument";
const openDocument = "application/vnd.oasis.opendocument";

const mediaTypes = {
  docx: `${openXml}.wordprocessingml.document`,
  xlsx: `${openXml}.spreadsheetml.sheet`,
  pptx: `${openXml}.presentationml.presentation`,
  odt: `${openDocument}.text`,
  ods: `${openDocument}.spreadsheet`,
  epub: "application/epub+zip",
} as const;

type ArchiveKind = keyof typeof mediaTypes;

/** A kind of document that is a zip archive of parts. */
export interface SniffedArchive {
  readonly kind: ArchiveKind;
  readonly mediaType: (typeof mediaTypes)[ArchiveKind];
  readonly archive: Archive;
}

/** An archive of documents. */
interface SniffedZip {
  readonly kind: "zip";
  readonly mediaType: "application/zip";
  readonly archive: Archive;
}

/** The main part that tells the kinds of Office Open XML packages apart. */
const mainParts: readonly (readonly [RegExp, ArchiveKind])[] = [
  [/^word\/document\d*\.xml$/, "docx"],
  [/^xl\/workbook\.xml$/, "xlsx"],
  [/^ppt\/presentation\.xml$/, "pptx"],
];

/** By what a part `mimetype` says (OpenDocument part 2, 3.3; EPUB OCF, 4.2). Templates are documents too. */
const declaredKinds: Readonly<Record<string, ArchiveKind>> = {
  [mediaTypes.odt]: "odt",
  [`${mediaTypes.odt}-template`]: "odt",
  [mediaTypes.ods]: "ods",
  [`${mediaTypes.ods}-template`]: "ods",
  [mediaTypes.epub]: "epub",
};

/** By these an archive is one document or program of a kind that is not read, and no archive of documents. */
const mainPartsOfOthers = [
  "[Content_Types].xml",
  "mimetype",
  "META-INF/MANIFEST.MF",
  "AndroidManifest.xml",
];

/**
 * Finds out by its parts what document an archive is.
 *
 * @throws Unreadable `extraction_unsupported`, `extraction_encrypted`, `extraction_too_large`
 */
export async function sniffArchive(
  archive: Archive,
  unpacked: Budget,
): Promise<SniffedArchive | SniffedZip> {
  const kind = kindByMainPart(archive) ?? (await kindByMimetype(archive));
  if (kind === undefined) {
    if (mainPartsOfOthers.some((name) => archive.has(name)))
      throw new Unreadable("extraction_unsupported");
    return { kind: "zip", mediaType: "application/zip", archive };
  }
  if (archive.declaredBytes > unpacked.left)
    throw new Unreadable("extraction_too_large");
  if (archive.isEncrypted) throw new Unreadable("extraction_encrypted");
  if (kind === "odt" || kind === "ods") await refuseEncrypted(archive);
  return { kind, mediaType: mediaTypes[kind], archive };
}

function kindByMainPart(archive: Archive): ArchiveKind | undefined {
  if (!archive.has("[Content_Types].xml")) return undefined;
  return mainParts.find(([pattern]) =>
    archive.names.some((name) => pattern.test(name)),
  )?.[1];
}

async function kindByMimetype(
  archive: Archive,
): Promise<ArchiveKind | undefined> {
  const declared = await readPart(archive, "mimetype");
  return declaredKinds[declared?.trim() ?? ""];
}

/** OpenDocument encrypts part by part and says so in the manifest (part 2, 4.8). */
async function refuseEncrypted(archive: Archive): Promise<void> {
  const manifest = await readPart(archive, "META-INF/manifest.xml");
  if (manifest?.includes("encryption-data") === true) {
    throw new Unreadable("extraction_encrypted");
  }
}
