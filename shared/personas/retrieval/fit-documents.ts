import type { PersonaDocument } from "../persona-model.ts";
import { type Passage, splitPassages } from "../passages.ts";
import type { Question } from "./question.ts";
import { rankPassages } from "./rank-passages.ts";
import { splitLongPassages } from "./split-long-passages.ts";
import type { Tokenizer } from "./tokens.ts";

/** A document's text as it goes into a prompt, in the clear. */
export interface FittedDocument {
  readonly artifactIndex: number;
  readonly text: string;
}

/** The documents as far as there was room for them. */
export interface Fitted {
  readonly documents: readonly FittedDocument[];
  /** What the documents are, whole. */
  readonly wholeTokens: number;
  /** What of them goes into the prompt. */
  readonly sentTokens: number;
}

/** Where something was left out. */
const gap = "[…]";
/** What a single passage may take of the room. */
const passageShare = 1 / 4;
/** The room in which each document has its say, the most relevant passage of each first. */
const eachDocumentShare = 1 / 3;
const leastTokens = 8;
const passes = 3;

interface FitOptions {
  readonly maxTokens: number;
  readonly tokenizer: Tokenizer;
}

/**
 * The documents, whole when they fit into `maxTokens`; else the passages that matter most to the questions, each below
 * its page and heading, in document order. A third of the room is for the best passage of each document, whatever the
 * others hold. Without questions every document gives its beginning, by equal shares.
 */
export function fitDocuments(
  documents: readonly PersonaDocument[],
  questions: readonly Question[],
  options: FitOptions,
): Fitted {
  const { maxTokens, tokenizer } = options;
  const whole = documents.map(({ artifactIndex, text }) => ({
    artifactIndex,
    text: text.revealText(),
  }));
  const wholeTokens = countTokens(whole, tokenizer);
  if (wholeTokens <= maxTokens)
    return { documents: whole, wholeTokens, sentTokens: wholeTokens };

  const longest = Math.max(leastTokens, Math.floor(maxTokens * passageShare));
  const passages = whole.flatMap(({ artifactIndex, text }) =>
    splitLongPassages(splitPassages(artifactIndex, text), longest, tokenizer),
  );
  const wanted = { passages, questions, documentCount: documents.length };
  const ordered = inOrderOfNeed(wanted);
  const passagesOf = Map.groupBy(passages, (passage) => passage.artifactIndex);
  const toFitted = (chosen: ReadonlySet<Passage>): Fitted => {
    const fitted = whole.map(({ artifactIndex }) => ({
      artifactIndex,
      text: assemble(passagesOf.get(artifactIndex) ?? [], chosen),
    }));
    const sentTokens = countTokens(fitted, tokenizer);
    return { documents: fitted, wholeTokens, sentTokens };
  };
  const chosen = new Set<Passage>();
  let fitted = toFitted(chosen);
  // What passages share (headings, marks of what is left out) is counted for each, and is room again afterwards.
  for (let pass = 0; pass < passes; pass += 1) {
    choosePassages(ordered, chosen, {
      maxTokens: maxTokens - fitted.sentTokens,
      tokenizer,
    });
    fitted = toFitted(chosen);
  }
  return fitted;
}

function countTokens(
  documents: readonly FittedDocument[],
  tokenizer: Tokenizer,
): number {
  return documents.reduce((sum, { text }) => sum + tokenizer.count(text), 0);
}

interface InOrder {
  /** The best passage of each document, the best of all first. */
  readonly bestOfEach: readonly Passage[];
  /** All of them, by what they say on the questions; and then from the beginning of each document. */
  readonly all: readonly Passage[];
}

function inOrderOfNeed(of: {
  readonly passages: readonly Passage[];
  readonly questions: readonly Question[];
  readonly documentCount: number;
}): InOrder {
  const { passages, questions, documentCount } = of;
  const terms = questions.flatMap((question) => question.terms);
  const ranked = rankPassages(passages, terms).ranked.map(
    ({ passage }) => passage,
  );
  return {
    bestOfEach: documentCount > 1 ? bestOfEach(ranked) : [],
    all: [
      ...withNeighbours(ranked, passages),
      ...inTurn(passages, documentCount),
    ],
  };
}

/** Adds to the chosen what there is room for. */
function choosePassages(
  { bestOfEach: best, all }: InOrder,
  chosen: Set<Passage>,
  { maxTokens, tokenizer }: FitOptions,
): void {
  let left = maxTokens;
  const take = (wanted: readonly Passage[], kept: number): void => {
    for (const passage of wanted) {
      if (left - kept < leastTokens) return;
      if (chosen.has(passage)) continue;
      const cost = tokenizer.count(`${gap}\n${render(passage, undefined)}\n`);
      if (cost > left - kept) continue;
      chosen.add(passage);
      left -= cost;
    }
  };
  take(best, maxTokens * (1 - eachDocumentShare));
  take(all, 0);
}

/** The best passage of each document, the best of all first. */
function bestOfEach(ranked: readonly Passage[]): Passage[] {
  const seen = new Set<number>();
  return ranked.filter(({ artifactIndex }) => {
    const isFirst = !seen.has(artifactIndex);
    seen.add(artifactIndex);
    return isFirst;
  });
}

/** Each passage, and then those before and after it in its document. */
function* withNeighbours(
  ranked: readonly Passage[],
  passages: readonly Passage[],
): Iterable<Passage> {
  const position = new Map(passages.map((passage, index) => [passage, index]));
  for (const passage of ranked) {
    const at = position.get(passage) ?? 0;
    for (const index of [at, at - 1, at + 1]) {
      const near = passages[index];
      if (near?.artifactIndex === passage.artifactIndex) yield near;
    }
  }
}

/** Document by document in turn, from the beginning. */
function inTurn(
  passages: readonly Passage[],
  documentCount: number,
): Passage[] {
  const rounds = new Map<number, number>();
  return passages
    .map((passage) => {
      const round = rounds.get(passage.artifactIndex) ?? 0;
      rounds.set(passage.artifactIndex, round + 1);
      return { passage, turn: round * documentCount };
    })
    .toSorted((a, b) => a.turn - b.turn)
    .map(({ passage }) => passage);
}

function assemble(
  passages: readonly Passage[],
  chosen: ReadonlySet<Passage>,
): string {
  const parts: string[] = [];
  let before: Passage | undefined;
  let wasCut = false;
  for (const passage of passages) {
    if (!chosen.has(passage)) {
      wasCut = true;
      continue;
    }
    if (wasCut) parts.push(gap);
    parts.push(render(passage, wasCut ? undefined : before));
    before = passage;
    wasCut = false;
  }
  if (wasCut) parts.push(gap);
  return parts.join("\n");
}

/** A passage below its page, heading and table header, as far as the passage before it has not shown them. */
function render(passage: Passage, before: Passage | undefined): string {
  const lines: string[] = [];
  if (passage.page !== undefined && passage.page !== before?.page)
    lines.push(`(page ${passage.page})`);
  if (passage.heading !== undefined && passage.heading !== before?.heading)
    lines.push(`# ${passage.heading}`);
  if (passage.columns.length > 0 && passage.columns !== before?.columns)
    lines.push(passage.columns.join(" | "));
  return [...lines, passage.text].join("\n");
}
