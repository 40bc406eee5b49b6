const listOption = "--functions";
const workerOption = "--language-worker";

/**
 * Arguments as Core Tools take them, in the form that Node parses: `--functions a b` names several functions, and what
 * follows `--language-worker --` are arguments of the worker although they look like options.
 */
export function toParsableArguments(args: readonly string[]): string[] {
  const parsable: string[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const argument = args[index] ?? "";
    const rest = args.slice(index + 1);
    if (argument === listOption) {
      const end = rest.findIndex((each) => each.startsWith("-"));
      const names = end < 0 ? rest : rest.slice(0, end);
      parsable.push(...toFunctionOptions(names));
      index += names.length;
    } else if (argument === workerOption) {
      const taken = rest[0] === "--" ? 2 : 1;
      parsable.push(`${workerOption}=${rest.slice(0, taken).at(-1) ?? ""}`);
      index += taken;
    } else parsable.push(argument);
  }
  return parsable;
}

/** An option without a name stays one, and is refused. */
function toFunctionOptions(names: readonly string[]): string[] {
  return names.length === 0
    ? [listOption]
    : names.map((name) => `${listOption}=${name}`);
}
