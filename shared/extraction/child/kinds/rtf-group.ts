import { Unreadable } from "../unreadable.ts";
import type { RtfParagraph } from "./rtf-blocks.ts";
import { toHeadingLevel } from "./rtf-styles.ts";
import { saidThough, unsaid } from "./rtf-words.ts";

/** What holds until the end of a group (RTF 1.9.1, "Conventions of an RTF reader"). */
export interface RtfGroup extends RtfParagraph {
  readonly destination: "text" | "marker" | "fonts" | "styles" | "nothing";
  readonly isNote: boolean;
  readonly isHidden: boolean;
  readonly font: number | undefined;
  /** How many characters after a `\u` are for readers without Unicode. */
  readonly fallbackLength: number;
}

const plainParagraph = { level: undefined, isInTable: false, listDepth: 0 };
const firstGroup: RtfGroup = {
  ...plainParagraph,
  destination: "text",
  isNote: false,
  isHidden: false,
  font: undefined,
  fallbackLength: 1,
};

const maxDepth = 500;

/** The groups that are open: each begins with what holds in the one around it, and leaves that as it was. */
export function createRtfGroups() {
  const outer: RtfGroup[] = [];
  let current = firstGroup;
  return {
    get current() {
      return current;
    },
    get depth() {
      return outer.length;
    },
    change(changes: Partial<RtfGroup>): void {
      current = { ...current, ...changes };
    },
    open(): void {
      if (outer.length >= maxDepth) {
        throw new Unreadable("extraction_too_large");
      }
      outer.push(current);
      current = { ...current, isNote: false };
    },
    close(): void {
      current = outer.pop() ?? current;
    },
  };
}

/** What the first control word of a group says that the group is for, if it does. */
export function toDestination(
  word: string,
  isIgnorable: boolean,
): Partial<RtfGroup> | undefined {
  if (word === "fonttbl") return { destination: "fonts" };
  if (word === "stylesheet") return { destination: "styles" };
  if (word === "listtext" || word === "pntext")
    return { destination: "marker" };
  if (word === "footnote") return { ...plainParagraph, isNote: true };
  const isUnsaid = unsaid.has(word) || (isIgnorable && !saidThough.has(word));
  return isUnsaid ? { destination: "nothing" } : undefined;
}

/** What a control word changes of the text and paragraphs after it, if anything. */
export function toFormat(
  word: string,
  value: number | undefined,
): Partial<RtfGroup> | undefined {
  switch (word) {
    case "f":
      return { font: value };
    case "uc":
      return { fallbackLength: Math.max(value ?? 1, 0) };
    case "v":
    case "deleted":
      return { isHidden: value !== 0 };
    case "plain":
      return { isHidden: false, font: undefined };
    case "pard":
      return plainParagraph;
    case "intbl":
      return { isInTable: true };
    case "outlinelevel":
      return { level: toHeadingLevel(value ?? 0) };
    case "ilvl":
      return { listDepth: Math.min(Math.max(value ?? 0, 0), 8) };
    default:
      return undefined;
  }
}
