import type { PersonaDocument, Quote } from "./persona-model.ts";
import { type Passage, splitCells, splitPassages } from "./passages.ts";

/** Finds quotes in documents. Documents are read once, whatever number of quotes is looked up. */
export interface QuoteFinder {
  /**
   * The place where `text` stands verbatim: white space, Markdown emphasis and the shape of quotation marks and dashes
   * aside. The named artifact is looked at first; where it is wrong, the others are.
   *
   * @returns the quote as the document has it, or `undefined` when no document says it.
   */
  locate(text: string, artifactIndex?: number): Quote | undefined;
}

export function createQuoteFinder(
  documents: readonly PersonaDocument[],
): QuoteFinder {
  const read = new Map<PersonaDocument, ReadDocument>();
  const open = (document: PersonaDocument): ReadDocument => {
    const known = read.get(document) ?? readDocument(document);
    read.set(document, known);
    return known;
  };

  return {
    locate(text, artifactIndex) {
      const wanted = foldText(text).folded.trim();
      if (wanted === "") return undefined;
      const inOrder = documents.toSorted(
        (a, b) =>
          Number(b.artifactIndex === artifactIndex) -
          Number(a.artifactIndex === artifactIndex),
      );
      for (const document of inOrder) {
        const quote = find(open(document), wanted);
        if (quote !== undefined) return quote;
      }
      return undefined;
    },
  };
}

/** Whether `quote` stands in its document exactly as written, on the page and below the heading that it names. */
export function verifyQuote(
  documents: readonly PersonaDocument[],
  quote: Quote,
): boolean {
  const document = documents.find(
    ({ artifactIndex }) => artifactIndex === quote.artifactIndex,
  );
  if (document === undefined) return false;
  const markdown = document.text.revealText();
  const passages = splitPassages(document.artifactIndex, markdown);
  return passages.some(
    (passage) =>
      passage.page === quote.page &&
      passage.heading === quote.heading &&
      passage.text.includes(quote.text),
  );
}

/** The slice of a passage as a quote. Offsets are the document's. */
export function toQuote(
  passage: Passage,
  start = passage.start,
  end = passage.end,
): Quote {
  return {
    artifactIndex: passage.artifactIndex,
    ...(passage.page === undefined ? {} : { page: passage.page }),
    ...(passage.heading === undefined ? {} : { heading: passage.heading }),
    ...(passage.place === undefined ? {} : { place: passage.place }),
    text: passage.text.slice(start - passage.start, end - passage.start),
  };
}

interface ReadDocument {
  readonly passages: readonly { passage: Passage; fold: Folded }[];
}

function readDocument(document: PersonaDocument): ReadDocument {
  const markdown = document.text.revealText();
  const passages = splitPassages(document.artifactIndex, markdown);
  return {
    passages: passages.map((passage) => ({
      passage,
      fold: foldText(passage.text),
    })),
  };
}

function find({ passages }: ReadDocument, wanted: string): Quote | undefined {
  for (const { passage, fold } of passages) {
    const at = fold.folded.indexOf(wanted);
    if (at === -1) continue;
    const start = fold.offsets[at] ?? 0;
    const end = (fold.offsets[at + wanted.length - 1] ?? 0) + 1;
    return toQuote(passage, passage.start + start, passage.start + end);
  }
  return undefined;
}

interface Folded {
  readonly folded: string;
  /** For each character of `folded`, its offset in the text. */
  readonly offsets: readonly number[];
}

const sameAs: Readonly<Record<string, string>> = {
  "\u2018": "'",
  "\u2019": "'",
  "\u201c": '"',
  "\u201d": '"',
  "\u2010": "-",
  "\u2011": "-",
  "\u2013": "-",
  "\u2014": "-",
  "\u2212": "-",
};

/** Emphasis, code and soft hyphens. */
const leftOut: ReadonlySet<string> = new Set(["*", "`", "\u00ad"]);

/** Letters stay as they are; what typesetting and Markdown change is evened out. */
function foldText(text: string): Folded {
  const characters: string[] = [];
  const offsets: number[] = [];
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index);
    const isEscape =
      character === "\\" && /[!-/:-@[-`{-~]/.test(text.charAt(index + 1));
    if (isEscape || leftOut.has(character)) continue;
    const even = /\s/.test(character) ? " " : (sameAs[character] ?? character);
    if (even === " " && characters.at(-1) === " ") continue;
    characters.push(even);
    offsets.push(index);
  }
  const folded = characters.join("");
  return { folded, offsets };
}

/** A quote as a reader wants to see it: one line, without Markdown; cells parted by a middle dot. */
export function toReadable(quote: Quote): string {
  return splitCells(quote.text).join(" · ");
}
