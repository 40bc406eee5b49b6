import { htmlToMarkdown } from "../html-to-markdown.ts";
import { parseHtml, removeAll } from "../html-dom.ts";
import type { ContainedDocument, Section } from "../extract-document.ts";
import { countWords, toOneLine } from "../text.ts";
import { listParts } from "./zip.ts";

/** A mail as every format has it. */
export interface Mail {
  readonly subject: string;
  /** Name and address, by field, in the order in which they are shown. */
  readonly people: readonly (readonly [field: string, people: string])[];
  readonly date?: string;
  readonly plain?: string;
  readonly html?: string;
  readonly contained: readonly ContainedDocument[];
}

const invisible =
  "script, style, noscript, template, iframe, object, embed, svg, canvas, head, title, [hidden]";

/** The mail's text: the subject as its heading, who wrote to whom and when, what is attached, and the body. */
export function toMailText(mail: Mail): {
  readonly sections: readonly Section[];
  readonly contained: readonly ContainedDocument[];
} {
  const { subject, people, date, contained } = mail;
  const title = toOneLine(subject);
  const fields = [
    ...people.filter(([, names]) => names !== ""),
    ...(date === undefined ? [] : [["Date", date] as const]),
  ].map(([field, value]) => `- ${field}: ${toOneLine(value)}`);
  const blocks = [
    title === "" ? "" : `# ${title}`,
    fields.join("\n"),
    listParts(contained.map(({ name }) => name)),
    toBody(mail),
  ];
  const text = blocks.filter((block) => block.trim() !== "").join("\n\n");
  return { sections: [{ text }], contained };
}

/** The plain body, unless it is there for form's sake only: some senders put a line in it and the letter in the HTML. */
function toBody({ plain = "", html = "" }: Mail): string {
  if (html.trim() === "") return plain;
  if (plain.trim() === "") return htmlBody(html);
  const rich = htmlBody(html);
  return countWords(plain) * 2 < countWords(rich) ? rich : plain;
}

function htmlBody(html: string): string {
  const document = parseHtml(html);
  removeAll(document, invisible);
  return htmlToMarkdown(document.documentElement);
}
