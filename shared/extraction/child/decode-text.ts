import { Unreadable } from "./unreadable.ts";

const sampleBytes = 64 * 1024;
/** More control characters than this share of a text's sample, one stray one apart, means that it is no text. */
const maxControlShare = 0.002;

/**
 * The text that `bytes` are in whatever encoding they seem to be in: by byte order mark, as UTF-8, as UTF-16 by where
 * its zeros stand, or by the statistics of its bytes.
 *
 * @throws Unreadable `extraction_unsupported` when they are no text.
 */
export async function decodeText(bytes: Buffer): Promise<string> {
  const sample = bytes.subarray(0, sampleBytes);
  const wide = wideEncoding(sample);
  const text =
    wide === undefined
      ? (decodeUtf8(bytes) ?? (await decodeByStatistics(bytes, sample)))
      : new TextDecoder(wide).decode(bytes);
  const head = text.slice(0, sampleBytes);
  if (countControls(head) > 1 + head.length * maxControlShare) {
    throw new Unreadable("extraction_unsupported");
  }
  return text;
}

function wideEncoding(sample: Buffer): "utf-16le" | "utf-16be" | undefined {
  if (sample[0] === 0xff && sample[1] === 0xfe) return "utf-16le";
  if (sample[0] === 0xfe && sample[1] === 0xff) return "utf-16be";
  // Every language's text has blanks, line ends or digits, whose high byte is zero.
  let little = 0;
  let big = 0;
  for (let index = 0; index + 1 < sample.byteLength; index += 2) {
    const first = sample[index] ?? 0;
    const second = sample[index + 1] ?? 0;
    if (second === 0 && first >= 0x09 && first < 0x7f) little += 1;
    if (first === 0 && second >= 0x09 && second < 0x7f) big += 1;
  }
  const least = Math.max(2, sample.byteLength / 40);
  if (little >= least && big * 10 <= little) return "utf-16le";
  if (big >= least && little * 10 <= big) return "utf-16be";
  return undefined;
}

function decodeUtf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

async function decodeByStatistics(
  bytes: Buffer,
  sample: Buffer,
): Promise<string> {
  if (sample.includes(0)) throw new Unreadable("extraction_unsupported");
  const [{ default: chardet }, { default: iconv }] = await Promise.all([
    import("chardet"),
    import("iconv-lite"),
  ]);
  const guess = chardet
    .analyse(sample)
    .find(({ name }) => iconv.encodingExists(name));
  return iconv.decode(bytes, toEncoding(guess?.name, guess?.confidence));
}

/** Latin alphabets differ in few letters: below this confidence a guess between them is chance. */
const leastConfidence = 50;

function toEncoding(name = "ISO-8859-1", confidence = 0): string {
  const isLatin = /^(?:ISO-8859-[129]|windows-125[047])$/.test(name);
  const isWeak = isLatin && confidence < leastConfidence;
  // What calls itself Latin-1 is Windows-1252 in practice, and the same where they agree.
  return isWeak || name === "ISO-8859-1" ? "windows-1252" : name;
}

function countControls(text: string): number {
  let controls = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    const isControl =
      (code < 0x20 && (code < 0x09 || code > 0x0d) && code !== 0x1b) ||
      (code >= 0x7f && code <= 0x9f && code !== 0x85) ||
      code === 0xfffd;
    if (isControl) controls += 1;
  }
  return controls;
}
