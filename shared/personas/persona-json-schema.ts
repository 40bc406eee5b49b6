import { z } from "zod";
import { PersonaDefinition } from "./persona.ts";

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** What a persona's file may hold, for editors and other tools. */
export function toPersonaJsonSchema(): JsonSchema {
  const { $schema, ...schema } = z.toJSONSchema(PersonaDefinition, {
    io: "input",
  });
  return {
    $schema: $schema ?? "https://json-schema.org/draft/2020-12/schema",
    $id: "urn:nucleus:schema:persona:1",
    title: "Nucleus persona",
    ...schema,
  };
}

/** The names of the fields that stand at `path` of a persona's file. */
export function knownKeysAt(path: readonly (string | number)[]): string[] {
  const root = toPersonaJsonSchema();
  let nodes: JsonSchema[] = [root];
  for (const key of path) {
    nodes = nodes.flatMap((node) => {
      const child =
        typeof key === "number"
          ? node.items
          : (node.properties?.[key] ?? node.additionalProperties);
      return typeof child === "object" && !Array.isArray(child)
        ? alternatives(child, root)
        : [];
    });
  }
  return nodes.flatMap((node) => Object.keys(node.properties ?? {}));
}

/** The schemas that a reference or a choice stands for. */
function alternatives(node: JsonSchema, root: JsonSchema): JsonSchema[] {
  const name = node.$ref?.split("/").at(-1);
  const target = name === undefined ? undefined : root.$defs?.[name];
  if (target !== undefined) return alternatives(target, root);
  const choices = node.oneOf ?? node.anyOf;
  if (choices === undefined) return [node];
  return choices.flatMap((choice) =>
    typeof choice === "object" ? alternatives(choice, root) : [],
  );
}
