/** Counts what a text costs in a prompt. */
export interface Tokenizer {
  count(text: string): number;
}

const bytesPerToken = 3.5;

/** A cautious estimate: about four letters of English, or one sign of Chinese, are a token. */
export function estimateTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text, "utf8") / bytesPerToken);
}

/** The beginning of a text, estimated at no more than `maxTokens`. */
export function toFirstTokens(text: string, maxTokens: number): string {
  const bytes = Buffer.from(text, "utf8");
  const end = Math.floor(maxTokens * bytesPerToken);
  if (bytes.length <= end) return text;
  // A decoder in streaming mode keeps back a character that was cut in half.
  return new TextDecoder().decode(bytes.subarray(0, end), { stream: true });
}

/** For models whose vocabulary is not known. */
export const byBytes: Tokenizer = { count: estimateTokens };

/** Models, and deployments named for them, that read text in the vocabulary `o200k_base`. */
const o200kModels = /^(?:gpt-4o|gpt-4\.1|gpt-4\.5|gpt-5|chatgpt-4o|o[134])\b/i;

let o200k: Promise<Tokenizer> | undefined;

/** Exact for OpenAI's current models; an estimate by bytes for all others. The vocabulary is loaded on first use. */
export async function loadTokenizer(model: string): Promise<Tokenizer> {
  if (!o200kModels.test(model)) return byBytes;
  o200k ??= loadO200k();
  return o200k;
}

async function loadO200k(): Promise<Tokenizer> {
  const { countTokens } = await import("gpt-tokenizer/encoding/o200k_base");
  // What looks like a control token in a document is text there, and is counted as such.
  const options = { allowedSpecial: new Set<string>(), disallowedSpecial };
  const countPiece = (piece: string): number => countTokens(piece, options);
  return {
    count: (text) =>
      longRun.test(text)
        ? (text.match(boundedRuns) ?? []).reduce(
            (sum, piece) => sum + countPiece(piece),
            0,
          )
        : countPiece(text),
  };
}

const disallowedSpecial = new Set<string>();

/**
 * The tokenizer takes time that grows with the square of a run without a break, and documents may hold runs of any
 * length. Cut into pieces a run counts a little more, never less.
 */
const longRun = /\S{257}|\s{257}/;
const boundedRuns = /\s?\S{1,64}|\s{1,64}/g;
