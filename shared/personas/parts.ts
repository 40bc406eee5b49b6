import { z } from "zod";
import { Count } from "../kernel/metadata.ts";
import { aroundDocument } from "./part-counts.ts";
import type { PersonaDocument } from "./persona-model.ts";
import { toChunks } from "./retrieval/chunks.ts";
import type { FittedDocument } from "./retrieval/fit-documents.ts";
import type { Tokenizer } from "./retrieval/tokens.ts";

/** What is read in one call: documents, or chunks of them. It is content: sealed under the work key. */
export const PartDocuments = z.array(
  z.object({ artifactIndex: Count, text: z.string() }),
);
export type Part = readonly FittedDocument[];

/** Cuts documents into parts of at most `maxTokens`: along headings, small documents together. */
export function toParts(
  documents: readonly PersonaDocument[],
  options: { readonly maxTokens: number; readonly tokenizer: Tokenizer },
): Part[] {
  const { maxTokens, tokenizer } = options;
  const parts: FittedDocument[][] = [];
  let left = 0;
  for (const document of documents)
    for (const piece of toPieces(document, options)) {
      const tokens = tokenizer.count(piece.text) + aroundDocument;
      const open = parts.at(-1);
      if (open === undefined || tokens > left) {
        parts.push([piece]);
        left = maxTokens - tokens;
      } else {
        open.push(piece);
        left -= tokens;
      }
    }
  return parts;
}

function toPieces(
  { artifactIndex, text }: PersonaDocument,
  options: { readonly maxTokens: number; readonly tokenizer: Tokenizer },
): FittedDocument[] {
  const markdown = text.revealText();
  const isSmall = options.tokenizer.count(markdown) <= options.maxTokens;
  return isSmall
    ? [{ artifactIndex, text: markdown }]
    : toChunks(artifactIndex, markdown, options);
}

/** `count` of the parts, evenly from the first to the last, so that a budget that ends early shows of everything. */
export function spread<T>(parts: readonly T[], count: number): T[] {
  if (count >= parts.length) return [...parts];
  const step = (parts.length - 1) / Math.max(1, count - 1);
  return Array.from(
    { length: count },
    (_, index) => parts[Math.round(index * step)],
  ).filter((part) => part !== undefined);
}
