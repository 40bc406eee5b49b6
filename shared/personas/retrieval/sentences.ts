/** A sentence within a text, by its offsets. */
export interface Sentence {
  readonly start: number;
  readonly end: number;
}

const segmenter = new Intl.Segmenter("en", { granularity: "sentence" });

/** What ends with a full stop without ending a sentence. */
const abbreviation =
  /(?:^|[\s(])(?:[A-Z]|e\.g|i\.e|etc|approx|ca|cf|vs|No|Nos|Art|Sec|Fig|Dr|Mr|Mrs|Ms|Prof|St|Inc|Ltd|Co|Corp|Nr|Abs|pp?|vol|ed|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.\s*$/;

const longestAbbreviation = 12;

/**
 * The sentences of a paragraph, trimmed. Line breaks inside do not end one.
 * A long semicolon list counts as one sentence: it answers as a whole.
 */
export function splitSentences(text: string): Sentence[] {
  const sentences: Sentence[] = [];
  let openStart: number | undefined;
  const oneLine = text.replace(/[\r\n\u2028\u2029\u0085]/g, " ");
  for (const { segment, index } of segmenter.segment(oneLine)) {
    const start = openStart ?? index;
    const end = index + segment.length;
    if (
      abbreviation.test(
        oneLine.slice(Math.max(start, end - longestAbbreviation), end),
      ) &&
      end < oneLine.length
    ) {
      openStart = start;
      continue;
    }
    openStart = undefined;
    const raw = oneLine.slice(start, end);
    const lead = raw.length - raw.trimStart().length;
    const trimmed = raw.trim();
    if (trimmed !== "")
      sentences.push({
        start: start + lead,
        end: start + lead + trimmed.length,
      });
  }
  return sentences;
}

/** A sentence that cannot be understood without the one before it. */
export function leansOnContext(sentence: string): boolean {
  return /^(?:It|Its|They|Their|This|These|That|Those|He|She|His|Her|To do so|Without it|Otherwise|However|Therefore|Thus|Also|Both|There)\b/.test(
    sentence,
  );
}
