import { timeMark } from "../../marks.ts";
import type { Section } from "../extract-document.ts";
import { toOneLine } from "../text.ts";
import { Unreadable } from "../unreadable.ts";
import { readCues, type Speech } from "./subtitle-cues.ts";

/** A turn that has run this long ends with its sentence, or else a minute after it began. */
const longTurnSeconds = 30;
const longestTurnSeconds = 60;

interface Turn {
  readonly start: number;
  readonly speaker: string | undefined;
  readonly texts: string[];
}

/**
 * WebVTT or SubRip subtitles as what was said, a section per turn of a speaker, under the time when it begins. Cues of
 * one speaker are joined, so that a sentence that runs over several of them can be quoted.
 */
export function readSubtitles(text: string): readonly Section[] {
  const turns: Turn[] = [];
  let last: Speech | undefined;
  for (const { start, end, speeches } of readCues(text)) {
    const isFlash = end - start < flashSeconds;
    for (const speech of speeches) {
      const texts = freshLines(speech, last, isFlash);
      last = speech;
      const { speaker } = speech;
      const open = turns.at(-1);
      if (texts.length === 0) continue;
      if (open !== undefined && goesOn(open, start, speaker)) {
        open.texts.push(...texts);
      } else {
        turns.push({ start, speaker, texts: [...texts] });
      }
    }
  }
  if (turns.length === 0) throw new Unreadable("extraction_empty");
  return turns.map(toSection);
}

/** Nobody reads a cue that is shown for less. */
const flashSeconds = 0.1;

/** Captions that roll up show their last line once more, above the next one or for an instant. */
function freshLines(
  { speaker, lines }: Speech,
  last: Speech | undefined,
  isFlash: boolean,
): readonly string[] {
  const isRepeated =
    last !== undefined &&
    speaker === last.speaker &&
    lines[0] === last.lines.at(-1);
  return isRepeated && (lines.length > 1 || isFlash) ? lines.slice(1) : lines;
}

function goesOn(turn: Turn, now: number, speaker: Speech["speaker"]): boolean {
  const seconds = now - turn.start;
  const hasEnded = /[.!?…]["”'’)]*$/u.test(turn.texts.at(-1) ?? "");
  return (
    speaker === turn.speaker &&
    seconds >= 0 &&
    seconds < (hasEnded ? longTurnSeconds : longestTurnSeconds)
  );
}

/** An item of a list: a short line that stands alone would be taken for a heading. */
function toSection({ start, speaker, texts }: Turn): Section {
  const lead = speaker === undefined ? "" : `${speaker}: `;
  return {
    mark: timeMark(start),
    text: `- ${lead}${toOneLine(texts.join(" "))}`,
  };
}
