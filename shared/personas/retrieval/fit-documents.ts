import type { PersonaDocument } from "../persona-model.ts";
import { type Passage, splitPassages } from "../passages.ts";
import type { Question } from "./question.ts";
import { rankPassages } from "./rank-passages.ts";

/** A document's text as it goes into a prompt, in the clear. */
export interface FittedDocument {
  readonly artifactIndex: number;
  readonly text: string;
}

/** Where something was left out. */
const gap = "[…]";
const bytesPerToken = 3.5;

/** A cautious estimate: about four letters of English, or one sign of Chinese, are a token. */
export function estimateTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text, "utf8") / bytesPerToken);
}

/** The beginning of a text, estimated at no more than `maxTokens`. */
export function toFirstTokens(text: string, maxTokens: number): string {
  const bytes = Buffer.from(text, "utf8");
  const end = Math.floor(maxTokens * bytesPerToken);
  if (bytes.length <= end) return text;
  // A decoder in streaming mode keeps back a character that was cut in half.
  return new TextDecoder().decode(bytes.subarray(0, end), { stream: true });
}

/**
 * The documents, whole when they fit into `maxTokens`; else the passages that matter most to the questions, each below
 * its page and heading, in document order. Without questions every document gives its beginning, by equal shares.
 */
export function fitDocuments(
  documents: readonly PersonaDocument[],
  questions: readonly Question[],
  maxTokens: number,
): FittedDocument[] {
  const whole = documents.map(({ artifactIndex, text }) => ({
    artifactIndex,
    text: text.revealText(),
  }));
  const needed = whole.reduce((sum, { text }) => sum + estimateTokens(text), 0);
  if (needed <= maxTokens) return whole;

  const passages = whole.flatMap(({ artifactIndex, text }) =>
    splitPassages(artifactIndex, text),
  );
  const chosen = choosePassages(
    passages,
    inOrderOfNeed(passages, questions, documents.length),
    maxTokens,
  );
  return whole.map(({ artifactIndex }) => ({
    artifactIndex,
    text: assemble(
      passages.filter((passage) => passage.artifactIndex === artifactIndex),
      chosen,
    ),
  }));
}

/** Relevant passages first, each with its neighbours; then, document by document in turn, from the beginning. */
function inOrderOfNeed(
  passages: readonly Passage[],
  questions: readonly Question[],
  documentCount: number,
): Passage[] {
  const terms = questions.flatMap((question) => question.terms);
  const { ranked } = rankPassages(passages, terms);
  const position = new Map(passages.map((passage, index) => [passage, index]));
  const relevant = ranked.flatMap(({ passage }) => {
    const at = position.get(passage) ?? 0;
    return [at, at - 1, at + 1]
      .map((index) => passages[index])
      .filter((near) => near?.artifactIndex === passage.artifactIndex)
      .filter((near) => near !== undefined);
  });
  return [...relevant, ...inTurn(passages, documentCount)];
}

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

function choosePassages(
  passages: readonly Passage[],
  wanted: readonly Passage[],
  maxTokens: number,
): ReadonlySet<Passage> {
  const chosen = new Set<Passage>();
  let left = maxTokens;
  for (const passage of wanted) {
    if (chosen.has(passage)) continue;
    const cost =
      estimateTokens(render(passage, undefined)) + estimateTokens(gap);
    if (cost > left) continue;
    chosen.add(passage);
    left -= cost;
    if (chosen.size === passages.length) break;
  }
  return chosen;
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
