import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parsePersona, PersonaInvalid } from "./parse-persona.ts";
import type { PersonaDefinition } from "./persona.ts";

/**
 * Reads every `*.yaml` and `*.yml` file of the folders, in file-name order. A persona of a later folder takes the place
 * of the one with the same id in an earlier.
 *
 * @returns the enabled personas by id.
 * @throws PersonaInvalid when a file is malformed, two files of a folder define one id, or none is enabled.
 */
export function loadPersonas(
  ...folders: readonly string[]
): ReadonlyMap<string, PersonaDefinition> {
  const personas = new Map(
    folders.flatMap((folder) => [...readFolder(folder)]),
  );
  const enabled = [...personas].filter(([, { isEnabled }]) => isEnabled);
  if (enabled.length === 0)
    throw atFile(folders.join(", "), "holds no enabled persona");
  return new Map(enabled);
}

function readFolder(folder: string): Map<string, PersonaDefinition> {
  const personas = new Map<string, PersonaDefinition>();
  const definedIn = new Map<string, string>();
  for (const fileName of personaFiles(folder)) {
    const file = join(folder, fileName);
    const persona = parsePersona(readFileSync(file, "utf8"), file);
    const { personaId } = persona;
    const other = definedIn.get(personaId);
    if (other !== undefined)
      throw atFile(
        file,
        `${personaId} is defined in ${other} already`,
        "personaId",
      );
    definedIn.set(personaId, fileName);
    personas.set(personaId, persona);
  }
  return personas;
}

function personaFiles(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /\.ya?ml$/.test(name))
      .toSorted();
  } catch {
    throw atFile(folder, "cannot be read");
  }
}

function atFile(file: string, message: string, path = "(file)") {
  return new PersonaInvalid([{ file, line: 1, column: 1, path, message }]);
}
