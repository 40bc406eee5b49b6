import { toTable } from "../table.ts";
import type { Block } from "./pdf-layout.ts";

/** Which font size is the text's, and which are those of headings, largest first. */
export interface Sizes {
  readonly body: number;
  readonly headings: readonly number[];
}

const maxHeadingLength = 200;
const maxLevels = 4;
/** A heading is set larger than the text by this factor at least. */
const largerBy = 1.12;

/** Counts over all pages how much text is set in which size. */
export function createSizeCensus(): {
  count(blocks: readonly Block[]): void;
  conclude(): Sizes;
} {
  const characters = new Map<number, number>();
  const headingCharacters = new Map<number, number>();
  const add = (
    map: Map<number, number>,
    size: number,
    amount: number,
  ): void => {
    map.set(size, (map.get(size) ?? 0) + amount);
  };
  return {
    count(blocks) {
      for (const block of blocks) {
        if (block.kind !== "text") continue;
        const size = toStep(block.size);
        add(characters, size, block.text.length);
        if (canBeHeading(block.text)) {
          add(headingCharacters, size, block.text.length);
        }
      }
    },
    conclude() {
      const [most] = [...characters].toSorted((a, b) => b[1] - a[1]);
      const body = most?.[0] ?? 0;
      const headings = [...headingCharacters.keys()]
        .filter((size) => size >= body * largerBy)
        .toSorted((a, b) => b - a);
      return { body, headings };
    },
  };
}

/** The Markdown of one page. */
export function blocksToMarkdown(
  blocks: readonly Block[],
  sizes: Sizes,
): string {
  return blocks
    .map((block) => {
      if (block.kind === "table") return toTable(block.rows);
      const rank = sizes.headings.indexOf(toStep(block.size));
      if (rank >= 0 && canBeHeading(block.text)) {
        return `${"#".repeat(Math.min(rank + 1, maxLevels))} ${block.text}`;
      }
      return block.text.replace(/^[•◦▪‣·●○■]\s+/, "- ");
    })
    .join("\n\n");
}

function canBeHeading(text: string): boolean {
  return text.length <= maxHeadingLength && /\p{L}/u.test(text);
}

/** Sizes are compared in steps of half a point. */
function toStep(size: number): number {
  return Math.round(size * 2) / 2;
}
