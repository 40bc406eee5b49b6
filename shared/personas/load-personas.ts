import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  parsePersona,
  type PersonaDefinition,
  PersonaInvalid,
} from "./persona.ts";

/**
 * Reads every `*.yaml` and `*.yml` file of `folder`, in file-name order.
 *
 * @returns the enabled personas by id.
 * @throws PersonaInvalid when a file is malformed, two files define one id, or none is enabled.
 */
export function loadPersonas(
  folder: string,
): ReadonlyMap<string, PersonaDefinition> {
  const personas = new Map<string, PersonaDefinition>();
  const definedIn = new Map<string, string>();

  for (const fileName of personaFiles(folder)) {
    const text = readFileSync(join(folder, fileName), "utf8");
    const persona = parsePersona(text, fileName);
    const other = definedIn.get(persona.personaId);
    if (other !== undefined)
      throw new PersonaInvalid(
        `${fileName}:1: personaId: ${persona.personaId} is defined in ${other} already`,
      );
    definedIn.set(persona.personaId, fileName);
    if (persona.isEnabled) personas.set(persona.personaId, persona);
  }
  if (personas.size === 0)
    throw new PersonaInvalid(`${folder}: holds no enabled persona`);
  return personas;
}

function personaFiles(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /\.ya?ml$/.test(name))
      .toSorted();
  } catch {
    throw new PersonaInvalid(`${folder}: cannot be read`);
  }
}
