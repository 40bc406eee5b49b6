import type { InteractionRequest } from "../interactions/interaction-request.ts";
import type { Range } from "./range.ts";

/** Tokens for a byte: of text as it is, and of formats that pack text or hold much else. */
const plainText = { atLeast: 1 / 8, atMost: 1 / 2 };
const packed = { atLeast: 0, atMost: 2 };

export interface DocumentEstimate extends Range {
  /** Whether every reference declares its size; a limit stands in for each that does not. */
  readonly basis: "declaredSizes" | "limits";
}

/** What the referenced documents may come to, in tokens. Nothing is fetched: references say their size, or limits do. */
export function estimateDocuments(
  references: InteractionRequest["artifactReferences"],
  maxArtifactBytes: number,
): DocumentEstimate {
  let atLeast = 0;
  let atMost = 0;
  for (const { sizeBytes, mimeType = "" } of references) {
    const rate = mimeType.startsWith("text/") ? plainText : packed;
    atLeast += (sizeBytes ?? 0) * rate.atLeast;
    atMost += (sizeBytes ?? maxArtifactBytes) * rate.atMost;
  }
  const isDeclared = references.every((one) => one.sizeBytes !== undefined);
  return {
    atLeast: Math.floor(atLeast),
    atMost: Math.ceil(atMost),
    basis: isDeclared ? "declaredSizes" : "limits",
  };
}
