/** The program and arguments that run a Node program below a prefix, such as strace and its arguments. */
export function runUnder(
  prefix: readonly string[],
  program: readonly string[],
): { readonly command: string; readonly args: readonly string[] } {
  const [command, ...args] = [...prefix, process.execPath, ...program];
  return { command: command ?? process.execPath, args };
}
