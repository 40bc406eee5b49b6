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
      : cutBetweenWords(text, sentence, { maxTokens, tokenizer }),
  );
}

interface Limit {
  readonly maxTokens: number;
  readonly tokenizer: Tokenizer;
}

/**
 * Pieces of at most as many UTF-16 units as a third of the tokens, since three bytes at most are behind each. A word
 * that is longer stays whole where it is within the limit itself.
 */
function cutBetweenWords(
  text: string,
  { start, end }: Slice,
  limit: Limit,
): Slice[] {
  const longest = Math.max(1, Math.floor(limit.maxTokens / 3));
  const slices: Slice[] = [];
  let from = start;
  while (end - from > longest) {
    const to = toCut(text, { start: from, end }, { ...limit, longest });
    slices.push({ start: from, end: to });
    from = to < end && /\s/.test(text.charAt(to)) ? to + 1 : to;
  }
  return from < end ? [...slices, { start: from, end }] : slices;
}

function toCut(
  text: string,
  { start, end }: Slice,
  { maxTokens, tokenizer, longest }: Limit & { readonly longest: number },
): number {
  const last = text.slice(start, start + longest + 1).search(/\s\S*$/);
  if (last > 0) return start + last;
  const next = text.slice(start, start + maxTokens + 1).search(/\s/);
  const wordEnd = next > 0 ? start + next : Math.min(end, start + maxTokens);
  const isWord = next > 0 || wordEnd === end;
  if (isWord && isWithin(text.slice(start, wordEnd), maxTokens, tokenizer))
    return wordEnd;
  const isPair = /[\uD800-\uDBFF]/.test(text.charAt(start + longest - 1));
  return start + Math.max(1, longest - (isPair ? 1 : 0));
}

/** Neighbouring slices together, as many as there is room for. */
function group(
  slices: readonly Slice[],
  text: string,
  { maxTokens, tokenizer }: Limit,
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
