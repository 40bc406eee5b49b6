import { parseMark } from "../extraction/marks.ts";
import { Content } from "../kernel/content.ts";
import { matchesMediaType } from "./activation.ts";
import type { PersonaDefinition } from "./persona.ts";

type KnowledgeScope = PersonaDefinition["knowledgeScope"];

interface KnownArtifact {
  readonly index: number;
  /** What its bytes were found to be. */
  readonly mediaType?: string | undefined;
}

/** The artifacts that a persona may see, in their order. */
export function selectArtifacts(
  scope: KnowledgeScope,
  artifacts: readonly KnownArtifact[],
): number[] {
  const { strategy, mediaTypes, maxContextDocuments } = scope;
  if (strategy === "NoUserArtifacts") return [];
  return artifacts
    .filter(
      ({ mediaType }) =>
        mediaTypes === undefined ||
        mediaTypes.some((pattern) => matchesMediaType(pattern, mediaType)),
    )
    .map(({ index }) => index)
    .slice(0, maxContextDocuments);
}

/** What of a document's text a persona may see: up to the mark of the first page beyond its scope. */
export function selectText(
  { maxPages }: Pick<KnowledgeScope, "maxPages">,
  text: Content,
): Content {
  if (maxPages === undefined) return text;
  const lines = text.revealText().split("\n");
  const end = lines.findIndex((line) => {
    const mark = parseMark(line);
    return mark?.kind === "page" && mark.page > maxPages;
  });
  return end === -1 ? text : Content.fromText(lines.slice(0, end).join("\n"));
}
