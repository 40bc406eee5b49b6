import { toOneLine } from "../text.ts";

/** What one speaker says in a cue. */
export interface Speech {
  readonly speaker: string | undefined;
  /** Without markup, none empty. */
  readonly lines: readonly string[];
}

export interface Cue {
  /** In seconds, as is the end. */
  readonly start: number;
  readonly end: number;
  readonly speeches: readonly Speech[];
}

const timing =
  /^\s*((?:\d{1,6}:)?\d{1,2}:\d{2}[.,]\d{1,3})\s*-->\s*((?:\d{1,6}:)?\d{1,2}:\d{2}[.,]\d{1,3})/;

/** Whether `line` is the timing of a cue. */
export function isCueTiming(line: string): boolean {
  return timing.test(line);
}

/** The cues of a WebVTT or SubRip file; comments, styles, regions and numbers are passed over. */
export function* readCues(text: string): Generator<Cue> {
  let times: Times | undefined;
  let payload: string[] = [];
  for (const line of linesOf(text)) {
    const next = toTimes(line);
    if (next !== undefined) {
      // A cue without a blank line before it: the number above its timing is none of the text.
      if (/^\d+$/.test(payload.at(-1) ?? "")) payload.pop();
      if (times !== undefined) yield toCue(times, payload);
      times = next;
      payload = [];
    } else if (line.trim() !== "") {
      if (times !== undefined) payload.push(line);
    } else if (times !== undefined) {
      yield toCue(times, payload);
      times = undefined;
      payload = [];
    }
  }
  if (times !== undefined) yield toCue(times, payload);
}

type Times = Omit<Cue, "speeches">;

function* linesOf(text: string): Generator<string> {
  for (const [, line = ""] of text.matchAll(/([^\r\n]*)(?:\r\n?|\n|$)/g)) {
    yield line;
  }
}

function toTimes(line: string): Times | undefined {
  const [, start, end] = timing.exec(line) ?? [];
  return start === undefined || end === undefined
    ? undefined
    : { start: toSeconds(start), end: toSeconds(end) };
}

/** Of `1:02:03.500` or `02:03,5`. */
function toSeconds(time: string): number {
  return time
    .replace(",", ".")
    .split(":")
    .reduce((seconds, part) => seconds * 60 + Number(part), 0);
}

/** `<v Ada>` of WebVTT says who speaks; else a line may begin with a name, as transcripts of meetings do. */
function toCue(times: Times, payload: readonly string[]): Cue {
  const speeches: Speech[] = [];
  let speaker: string | undefined;
  for (const line of payload) {
    for (const span of line.split(/(?=<v[\s.][^<>]*>)/)) {
      speaker = voiceOf(span) ?? speaker;
      addSpeech(speeches, speaker, toPlain(span));
    }
  }
  return { ...times, speeches };
}

function addSpeech(
  speeches: Speech[],
  voice: string | undefined,
  text: string,
): void {
  if (text === "") return;
  const named = voice === undefined ? speakerPrefix.exec(text) : null;
  const speaker = voice ?? named?.[1];
  const said = named === null ? text : text.slice(named[0].length);
  const last = speeches.at(-1);
  const isSame =
    last !== undefined && (speaker === last.speaker || speaker === undefined);
  if (isSame) {
    speeches[speeches.length - 1] = { ...last, lines: [...last.lines, said] };
  } else {
    speeches.push({ speaker, lines: [said] });
  }
}

/** One to four capitalised words before a colon. */
const speakerPrefix =
  /^(\p{Lu}[\p{L}\p{N}.'’-]{0,40}(?: [\p{Lu}\p{N}][\p{L}\p{N}.'’-]{0,40}){0,3}): (?=\S)/u;

function voiceOf(span: string): string | undefined {
  const name = /^<v(?:\.[^\s<>]*)?\s+([^<>]+)>/.exec(span)?.[1];
  return name === undefined ? undefined : toOneLine(unescape(name));
}

/** Without the tags of WebVTT (`<c.loud>`, `<00:01.000>`) and SubRip (`<i>`, `<font …>`, `{\an8}`). */
function toPlain(span: string): string {
  return toOneLine(
    unescape(
      span
        .replace(/<\/?(?:[a-z][^<>]*|\d[\d:.]*)?>/gi, "")
        .replace(/\{\\[^{}]*\}/g, ""),
    ),
  );
}

const characters: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  nbsp: " ",
  lrm: "",
  rlm: "",
};

function unescape(text: string): string {
  return text.replace(
    /&(amp|lt|gt|nbsp|lrm|rlm);/g,
    (whole, name: string) => characters[name] ?? whole,
  );
}
