import type { JobHeader } from "../protocol.ts";
import { isCueTiming } from "./kinds/subtitle-cues.ts";
import { Unreadable } from "./unreadable.ts";

/** A kind of text, with the text. */
export type SniffedText =
  | {
      readonly kind: "html";
      readonly mediaType: "text/html";
      readonly text: string;
    }
  | {
      readonly kind: "csv";
      readonly mediaType: "text/csv" | "text/tab-separated-values";
      readonly text: string;
      readonly delimiter: Delimiter;
    }
  | {
      readonly kind: "json";
      readonly mediaType: "application/json";
      readonly value: unknown;
    }
  | {
      readonly kind: "subtitles";
      readonly mediaType: "text/vtt" | "application/x-subrip";
      readonly text: string;
    }
  | {
      readonly kind: "text";
      readonly mediaType: "text/plain" | "text/markdown";
      readonly text: string;
    };

const delimiters = [",", ";", "\t", "|"] as const;
export type Delimiter = (typeof delimiters)[number];

const headChars = 4096;
const sampleLines = 20;

type Hint =
  | "html"
  | "csv"
  | "tsv"
  | "json"
  | "markdown"
  | "subtitles"
  | "plain"
  | undefined;

/** Decides which kind of text `text` is: by itself, and where it could be several, by what the source says. */
export function sniffText(text: string, header: JobHeader): SniffedText {
  if (text.trim() === "") throw new Unreadable("extraction_empty");
  const hint = toHint(header);
  const head = text.slice(0, headChars).trimStart();

  if (isHtmlDocument(head) || (hint === "html" && /<[a-z!]/i.test(head))) {
    return { kind: "html", mediaType: "text/html", text };
  }
  const subtitles = sniffSubtitles(head, hint);
  if (subtitles !== undefined) {
    return { kind: "subtitles", mediaType: subtitles, text };
  }
  const json = hint === "markdown" ? undefined : parseJson(text, head, hint);
  if (json !== undefined) {
    return { kind: "json", mediaType: "application/json", value: json.value };
  }
  const delimiter = sniffDelimiter(text, hint);
  if (delimiter !== undefined) {
    const mediaType =
      delimiter === "\t" ? "text/tab-separated-values" : "text/csv";
    return { kind: "csv", mediaType, text, delimiter };
  }
  const isMarkdown =
    hint === "markdown" ||
    (hint !== "plain" && /^(?:#{1,6} \S|```)/m.test(head));
  return {
    kind: "text",
    mediaType: isMarkdown ? "text/markdown" : "text/plain",
    text,
  };
}

const hintByExtension: Readonly<Record<string, Hint>> = {
  ".html": "html",
  ".htm": "html",
  ".xhtml": "html",
  ".csv": "csv",
  ".tsv": "tsv",
  ".tab": "tsv",
  ".json": "json",
  ".jsonl": "json",
  ".ndjson": "json",
  ".vtt": "subtitles",
  ".srt": "subtitles",
  ".md": "markdown",
  ".markdown": "markdown",
  ".txt": "plain",
  ".text": "plain",
  ".log": "plain",
};

const hintByMediaType: Readonly<Record<string, Hint>> = {
  "text/html": "html",
  "application/xhtml+xml": "html",
  "text/csv": "csv",
  "text/tab-separated-values": "tsv",
  "application/json": "json",
  "application/x-ndjson": "json",
  "text/vtt": "subtitles",
  "application/x-subrip": "subtitles",
  "text/markdown": "markdown",
};

/** `text/plain` is what servers say of anything, so a telling extension beats it. */
function toHint({ declaredMediaType, extension }: JobHeader): Hint {
  return (
    hintByMediaType[declaredMediaType ?? ""] ??
    hintByExtension[extension ?? ""] ??
    (declaredMediaType === "text/plain" ? "plain" : undefined)
  );
}

function isHtmlDocument(head: string): boolean {
  let rest = head;
  for (;;) {
    const skipped = /^(?:<\?xml[^>]*>|<!--)\s*/i.exec(rest);
    if (skipped === null) break;
    const end = skipped[0].startsWith("<!--")
      ? rest.indexOf("-->") + 3
      : skipped[0].length;
    if (end < 3) return false;
    rest = rest.slice(end).trimStart();
  }
  return /^<(?:!doctype html|html|head|body)[\s>]/i.test(rest);
}

/**
 * WebVTT says what it is. SubRip begins with a number and a timing, or, where the source says subtitles, has a timing
 * somewhere near its beginning.
 */
function sniffSubtitles(
  head: string,
  hint: Hint,
): "text/vtt" | "application/x-subrip" | undefined {
  const start = head.replace(/^\ufeff/, "").trimStart();
  if (/^WEBVTT(?:[ \t\r\n]|$)/.test(start)) return "text/vtt";
  const lines = start.split(/\r\n?|\n/);
  const isNumbered = /^\d+\s*$/.test(lines[0] ?? "");
  const isSubRip =
    hint === "subtitles"
      ? lines.some(isCueTiming)
      : isNumbered && isCueTiming(lines[1] ?? "");
  return isSubRip ? "application/x-subrip" : undefined;
}

/** JSON is an object or array, or lines of them when the source says JSON. Numbers keep the digits they were written with. */
function parseJson(
  text: string,
  head: string,
  hint: Hint,
): { readonly value: unknown } | undefined {
  const start = head.replace(/^\ufeff/, "")[0];
  if (start !== "{" && start !== "[") return undefined;
  try {
    return { value: parseExactly(text) };
  } catch {
    if (hint !== "json") return undefined;
  }
  try {
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    return { value: lines.map(parseExactly) };
  } catch {
    return undefined;
  }
}

function parseExactly(text: string): unknown {
  const keepDigits = (
    _key: string,
    value: unknown,
    context?: { readonly source?: string },
  ): unknown =>
    typeof value === "number" ? (context?.source ?? value) : value;
  return JSON.parse(text.replace(/^\ufeff/, ""), keepDigits);
}

/** The delimiter of a table of values; undefined when `text` is none. */
function sniffDelimiter(text: string, hint: Hint): Delimiter | undefined {
  if (hint === "tsv") return "\t";
  if (hint !== "csv" && hint !== undefined) return undefined;
  const lines = text
    .slice(0, 16 * headChars)
    .split(/\r?\n|\r/)
    .filter((line) => line.trim() !== "")
    .slice(0, sampleLines);
  let best: { delimiter: Delimiter; score: number } | undefined;
  for (const delimiter of delimiters) {
    const counts = lines.map((line) => countOutsideQuotes(line, delimiter));
    const first = counts[0] ?? 0;
    const same = counts.filter((count) => count === first).length;
    if (first === 0) continue;
    // Undeclared, it must be a table beyond doubt: every line alike. A Markdown table is one already.
    const isSure = same === lines.length && lines.length >= 3 && first >= 2;
    if (hint === undefined && (!isSure || delimiter === "|")) continue;
    const score = (same / lines.length) * 100 + Math.min(first, 50);
    if (best === undefined || score > best.score) best = { delimiter, score };
  }
  return best?.delimiter ?? (hint === "csv" ? "," : undefined);
}

function countOutsideQuotes(line: string, delimiter: string): number {
  let count = 0;
  let quoted = false;
  for (const char of line) {
    if (char === '"') quoted = !quoted;
    else if (char === delimiter && !quoted) count += 1;
  }
  return count;
}
