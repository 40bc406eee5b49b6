import { parseArgs, type ParseArgsConfig } from "node:util";
import { UsageError } from "./failures.ts";

type Options = NonNullable<ParseArgsConfig["options"]>;

/**
 * Parses a command's options; there are no positional arguments.
 *
 * @throws UsageError for what the command does not know.
 */
export function parseArguments<T extends Options>(
  args: readonly string[],
  options: T,
) {
  try {
    return parseArgs({ args: [...args], options, strict: true }).values;
  } catch (error) {
    const message = error instanceof Error ? error.message : "";
    throw new UsageError(toFirstSentence(message));
  }
}

/** Node's messages go on with advice about other syntaxes. */
function toFirstSentence(message: string): string {
  const [first = ""] = message.split(/\.\s|\n/);
  return `${first.charAt(0).toLowerCase()}${first.slice(1)}`;
}

/**
 * A whole number between two bounds, both included.
 *
 * @throws UsageError naming the option.
 */
export function parseWholeNumber(
  option: string,
  text: string,
  [least, most]: readonly [number, number],
): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(
    `${option} must be a whole number from ${least} to ${most}`,
  );
}
