import type { Passage } from "../passages.ts";
import { splitSentences } from "./sentences.ts";
import type { Tokenizer } from "./tokens.ts";

interface Slice {
  readonly start: number;
  readonly end: number;
}

/** A passage of fewer bytes than this many tokens cannot have more tokens than that. */
const leastBytesPerToken = 1;

/**
 * The passages, those above `maxTokens` cut between sentences. A sentence that is too long by itself (a text without
 * full stops, a run of signs without a break) is cut between words, or anywhere.
 */
export function splitLongPassages(
  passages: readonly Passage[],
  maxTokens: number,
  tokenizer: Tokenizer,
): Passage[] {
  return passages.flatMap((passage) =>
    isWithin(passage.text, maxTokens, tokenizer)
      ? [passage]
      : group(toSlices(passage.text, maxTokens, tokenizer), passage.text, {
          maxTokens,
          tokenizer,
        }).map(({ start, end }) => ({
          ...passage,
          start: passage.start + start,
          end: passage.start + end,
          text: passage.text.slice(start, end),
        })),
  );
}

function isWithin(
  text: string,
  maxTokens: number,
  tokenizer: Tokenizer,
): boolean {
  const bytes = Buffer.byteLength(text, "utf8");
  return (
    bytes <= maxTokens * leastBytesPerToken ||
    tokenizer.count(text) <= maxTokens
  );
}

function toSlices(
  text: string,
  maxTokens: number,
  tokenizer: Tokenizer,
): Slice[] {
  return splitSentences(text).flatMap((sentence) =>
    isWithin(text.slice(sentence.start, sentence.end), maxTokens, tokenizer)
      ? [sentence]
      : cutBetweenWords(text, sentence, maxTokens),
  );
}

/** Pieces of at most as many UTF-16 units as a third of the tokens: three bytes at most are behind each. */
function cutBetweenWords(
  text: string,
  { start, end }: Slice,
  maxTokens: number,
): Slice[] {
  const longest = Math.max(1, Math.floor(maxTokens / 3));
  const slices: Slice[] = [];
  let from = start;
  while (end - from > longest) {
    const space = text.lastIndexOf(" ", from + longest);
    const isPair = /[\uD800-\uDBFF]/.test(text.charAt(from + longest - 1));
    const to =
      space > from ? space : from + Math.max(1, longest - (isPair ? 1 : 0));
    slices.push({ start: from, end: to });
    from = space > from ? to + 1 : to;
  }
  return [...slices, { start: from, end }];
}

/** Neighbouring slices together, as many as there is room for. */
function group(
  slices: readonly Slice[],
  text: string,
  {
    maxTokens,
    tokenizer,
  }: { readonly maxTokens: number; readonly tokenizer: Tokenizer },
): Slice[] {
  const groups: Slice[] = [];
  let tokens = 0;
  for (const { start, end } of slices) {
    const last = groups.at(-1);
    const cost = tokenizer.count(text.slice(last?.end ?? start, end));
    if (last !== undefined && tokens + cost <= maxTokens) {
      groups.splice(-1, 1, { start: last.start, end });
      tokens += cost;
    } else {
      groups.push({ start, end });
      tokens = tokenizer.count(text.slice(start, end));
    }
  }
  return groups;
}
