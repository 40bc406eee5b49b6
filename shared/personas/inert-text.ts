import type { PersonaOpinion } from "./persona-model.ts";

/**
 * Makes a model's words inert: what a chat client or a browser would fetch, run or notify someone by is taken out.
 *
 * An answer may be shown where links are unfolded and pictures are loaded without a click. A document that talks a model
 * into writing such a link could send what other documents say to whoever owns the address. So:
 *
 * A1. No picture, no markup, no mention, no control, direction or invisible character stays.
 * A2. An address stays only when it stands letter by letter in the question or in a document: one that a model has put
 *     together can carry content, one that was there before cannot.
 */
export interface InertText {
  toInert(text: string): string;
  /** How many pictures, addresses and pieces of markup were taken out so far. */
  removed(): number;
}

const addressPattern =
  /(?:\b[a-z][a-z0-9+.-]{1,20}:(?:\/\/)?|(?<![\w/:])\/\/|\bwww\.)[^\s<>"'`|\\^{}[\]()]+|(?<![\w@.-])(?:[\p{L}\p{N}-]{1,63}\.){1,8}(?:\p{L}{2,24}(?::\d{1,5})?[/?#][^\s<>"'`|\\^{}[\]()]*|(?:com|net|org|info|biz|io|ai|dev|app|co|me|xyz|top|site|online|link|click|ru|cn|de|eu|uk|example|test)\b)/giu;
const image = /!\[([^\]]{0,500})\](?:\([^)]{0,4000}\)|\[[^\]]{0,200}\])/g;
const link = /\[([^\]]{0,500})\]\(\s*<?([^)\s>]{0,4000})>?[^)]{0,500}\)/g;
const linkDefinition = /^[ \t]{0,3}\[[^\]]{1,200}\]:[ \t]*\S{1,4000}.*$/gm;
const autolink = /<((?:[a-z][a-z0-9+.-]{1,20}:|www\.)[^\s<>]{1,4000})>/gi;
const markup = /<(?=[a-z/!?@#&])([^<>]{0,4000}>)?/gi;
/** Controls but tab and line feed, and what has no shape of its own but the joiners that scripts and emoji need. */
const invisible =
  /[[\p{Cc}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]--[\t\n\u200c\u200d]]/gv;
const escape = String.fromCharCode(27);
const bell = String.fromCharCode(7);
const terminalSequence = new RegExp(
  `${escape}(?:\\[[0-?]{0,32}[ -/]{0,8}[@-~]|\\][^${escape}${bell}]{0,4000}(?:${bell}|${escape}\\\\)?|[@-_])`,
  "g",
);
/** Schemes of words such as "Note:" are no addresses; only these and whatever is followed by "//" are. */
const schemes =
  /^(?:https?|ftps?|wss?|file|data|javascript|vbscript|mailto|tel|sms|callto|slack|msteams|tg|blob|cid|view-source):/i;

/** @param sources - the question and the documents, whose own addresses may be named. */
export function createInertText(sources: readonly string[]): InertText {
  const known = new Set(sources.flatMap(addressesIn));
  let removed = 0;
  const remove = (replacement: string): string => {
    removed += 1;
    return replacement;
  };
  const keepKnown = (address: string): string => {
    const bare = withoutPunctuation(address);
    return known.has(bare)
      ? address
      : remove(`[link removed]${address.slice(bare.length)}`);
  };
  return {
    removed: () => removed,
    toInert: (text) =>
      text
        .replace(terminalSequence, () => remove(""))
        .replace(invisible, "")
        .replace(image, (_, alternative: string) => remove(alternative))
        .replace(linkDefinition, () => remove(""))
        .replace(link, (_, shown: string, target: string) =>
          known.has(withoutPunctuation(target)) && !shown.includes(target)
            ? `${shown} (${target})`
            : shown === target
              ? shown
              : remove(shown),
        )
        .replace(autolink, "$1")
        // Without an end it may be arithmetic: a space keeps it, and makes it no tag.
        .replace(markup, (_, rest?: string) =>
          rest === undefined ? "< " : remove(""),
        )
        .replace(addressPattern, (found) =>
          isAddress(found) ? keepKnown(found) : found,
        ),
  };
}

/** The opinion with every text that a model has phrased made inert; quotes stay, as they are the documents' words. */
export function toInertOpinion(
  opinion: PersonaOpinion,
  text: InertText,
): PersonaOpinion {
  return {
    ...opinion,
    answer: text.toInert(opinion.answer),
    keyPoints: opinion.keyPoints.map((point) => text.toInert(point)),
    ...(opinion.data !== undefined && { data: inertData(opinion.data, text) }),
  };
}

function inertData(value: unknown, text: InertText): unknown {
  if (typeof value === "string") return text.toInert(value);
  if (Array.isArray(value)) return value.map((item) => inertData(item, text));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      text.toInert(name),
      inertData(item, text),
    ]),
  );
}

function addressesIn(source: string): string[] {
  return (source.match(addressPattern) ?? [])
    .filter(isAddress)
    .map(withoutPunctuation);
}

function isAddress(text: string): boolean {
  return (
    !/^[a-z][a-z0-9+.-]*:/i.test(text) ||
    schemes.test(text) ||
    text.includes("://")
  );
}

function withoutPunctuation(address: string): string {
  return address.replace(/[.,;:!?*_~]+$/, "");
}
