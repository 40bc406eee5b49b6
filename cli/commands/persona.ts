import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import {
  parsePersona,
  PersonaInvalid,
  toLine,
} from "../../shared/personas/parse-persona.ts";
import { toPersonaPin } from "../../shared/personas/persona-pin.ts";
import type { Command } from "../command.ts";
import { ExpectedFailure, UsageError } from "../failures.ts";
import { parseArguments } from "../parse-arguments.ts";

/** `nucleus persona validate FILE`: all that is wrong with a persona's file, at once. Exit code 1: something is. */
export const runPersona: Command = async (args, io) => {
  const [action, file, ...rest] = args;
  if (action !== "validate")
    throw new UsageError("persona takes an action: persona validate FILE");
  if (file === undefined || file.startsWith("-"))
    throw new UsageError("persona validate takes the FILE first");
  const { json } = parseArguments(rest, {
    json: { type: "boolean", default: false },
  });
  const text = await readFile(resolve(io.cwd, file), "utf8").catch(() => {
    throw new ExpectedFailure(`${file} cannot be read`);
  });
  try {
    const { personaId, version, hash } = toPersonaPin(parsePersona(text, file));
    io.print(
      json
        ? JSON.stringify({
            valid: true,
            personaId,
            version,
            hash,
            problems: [],
          })
        : `${file}: ${personaId} ${version} is valid`,
    );
    return 0;
  } catch (thrown) {
    if (!(thrown instanceof PersonaInvalid)) throw thrown;
    const { problems } = thrown;
    io.print(
      json
        ? JSON.stringify({ valid: false, problems })
        : problems.map(toLine).join("\n"),
    );
    return 1;
  }
};
