import type { JobHeader } from "../protocol.ts";

const headBytes = 16 * 1024;

/** Fields that only mails have, and fields that mails have but other texts begin with too (RFC 5322, RFC 2045). */
const telling =
  /^(?:received|return-path|delivered-to|message-id|mime-version|dkim-signature|in-reply-to|reply-to|x-mailer|x-originating-ip)$/;
const usual = /^(?:from|to|cc|subject|date|content-type|sender)$/;

/**
 * Whether `bytes` are a mail as it travels: a block of header fields and an empty line. Where the source says that it is
 * one, a field that mails have is enough; else it takes one that only they have and who it is from or what it is about.
 */
export function isMail(
  bytes: Buffer,
  { declaredMediaType, extension }: JobHeader,
): boolean {
  const names = readFieldNames(bytes.toString("latin1", 0, headBytes));
  const usuals = names.filter((name) => usual.test(name)).length;
  const isDeclared =
    declaredMediaType === "message/rfc822" || extension === ".eml";
  return isDeclared
    ? usuals > 0
    : usuals > 0 && names.some((name) => telling.test(name));
}

/** The names, in lower case, of the header fields that `head` begins with; none when it begins with something else. */
function readFieldNames(head: string): readonly string[] {
  const names: string[] = [];
  // An envelope line may stand above, where the mail was cut out of a mailbox.
  const lines = head.replace(/^\s*(?:>?From [^\n]*\n)?/, "").split(/\r?\n/);
  for (const line of lines) {
    if (line === "") return names;
    if (/^[ \t]/.test(line)) continue;
    const name = /^([!-9;-~]{1,80})[ \t]*:/.exec(line)?.[1];
    if (name === undefined) break;
    names.push(name.toLowerCase());
  }
  // The block is longer than what was looked at, or no block at all.
  return head.length >= headBytes ? names : [];
}
