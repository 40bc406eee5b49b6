#!/usr/bin/env node
import type { Command, CommandIo } from "./command.ts";
import { ExpectedFailure, UsageError } from "./failures.ts";

/** Loaded on demand: `token` must not wait for the host's code, and an old Node must get past the imports. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import("./commands/start.ts")).runStart,
  host: async () => (await import("./commands/host.ts")).runHost,
  hub: async () => (await import("./commands/hub.ts")).runHub,
  demo: async () => (await import("./commands/demo.ts")).runDemo,
  doctor: async () => (await import("./commands/doctor.ts")).runDoctor,
  "rotate-keys": async () =>
    (await import("./commands/rotate-keys.ts")).runRotateKeys,
  persona: async () => (await import("./commands/persona.ts")).runPersona,
  token: async () => (await import("./commands/token.ts")).runToken,
  help: async () => (await import("./commands/help.ts")).runHelp,
};
const minimumNode = 24;

// What is kept holds keys and sealed content: nobody else on this machine needs to read it.
process.umask(0o077);

const exitCode = await main(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  isTerminal: process.stdout.isTTY,
  print: (text) => process.stdout.write(`${text}\n`),
  redraw: (text) => process.stdout.write(`\r\u001b[2K${text}`),
  warn: (text) => process.stderr.write(`${text}\n`),
});
// What is still open ends by itself: a command that does not end is a fault that shows (those that serve end themselves).
process.exitCode = exitCode;

async function main(args: readonly string[], io: CommandIo): Promise<number> {
  const [major = 0] = process.versions.node.split(".").map(Number);
  if (major < minimumNode) {
    io.warn(
      `nucleus needs Node ${minimumNode} and this is ${process.version}: run it as "npx nucleus" in the project's folder after npm ci, or install Node ${minimumNode}.`,
    );
    return 1;
  }
  const [given = "help", ...rest] = args;
  const name = given === "--help" || given === "-h" ? "help" : given;
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  try {
    if (load === undefined)
      throw new UsageError(`there is no command "${name}"`);
    return await (
      await load()
    )(rest, io);
  } catch (error) {
    if (error instanceof UsageError) {
      io.warn(`nucleus: ${error.message}. Try "nucleus help".`);
      return 2;
    }
    if (error instanceof ExpectedFailure) {
      io.warn(`nucleus: ${error.message}`);
      return 1;
    }
    throw error;
  }
}
