import { Readability } from "@mozilla/readability";
import type { DomDocument, DomElement } from "../dom.ts";
import { htmlToMarkdown } from "../html-to-markdown.ts";
import { parseHtml, removeAll } from "../html-dom.ts";
import { countWords, toOneLine } from "../text.ts";

const invisible =
  "script, style, noscript, template, iframe, object, embed, svg, canvas, head, [hidden], [aria-hidden=true]";
const besides = "nav, header, footer, aside, form, dialog";
/** Readability is made for articles: where it keeps less than this share of the page's words, the page is none. */
const leastShare = 0.6;

/** The readable part of a page as Markdown, below its title; where no part stands out, the whole body. */
export async function readHtml(html: string): Promise<string> {
  const document = parseHtml(html);
  const title = toOneLine(document.querySelector("title")?.textContent ?? "");
  removeAll(document, invisible.replace("head, ", ""));
  const content = readablePart(document.cloneNode(true));

  removeAll(document, "head");
  const body = document.documentElement;
  const bodyWords = countWords(body.textContent ?? "");
  removeAll(body, besides);
  const mainWords = countWords(body.textContent ?? "");

  const isReadable =
    content !== undefined &&
    countWords(content.textContent ?? "") >= leastShare * mainWords;
  const root = isReadable ? content : mainWords > 0 ? body : undefined;
  if (root === undefined && bodyWords > 0) {
    const whole = parseHtml(html);
    removeAll(whole, invisible);
    return withTitle(title, htmlToMarkdown(whole.documentElement));
  }
  return withTitle(title, htmlToMarkdown(root ?? body));
}

/** Readability takes a page's first heading away when it repeats the title. */
function withTitle(title: string, markdown: string): string {
  const hasTopHeading = /^# /m.test(markdown);
  return hasTopHeading || title === "" ? markdown : `# ${title}\n\n${markdown}`;
}

function readablePart(document: DomDocument): DomElement | undefined {
  const reader = new Readability<DomElement>(document, {
    serializer: (node) => node,
  });
  return reader.parse()?.content ?? undefined;
}
