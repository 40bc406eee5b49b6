import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadPersonas } from "../../../shared/personas/load-personas.ts";
import {
  parsePersona,
  PersonaInvalid,
} from "../../../shared/personas/persona.ts";

const minimal = `personaId: clerk
displayName: Clerk
instructions: Answer from the documents.
`;

describe("parsePersona", () => {
  test("what is left out gets its default", () => {
    expect(parsePersona(minimal, "clerk.yaml")).toEqual({
      personaId: "clerk",
      displayName: "Clerk",
      description: "",
      isEnabled: true,
      instructions: "Answer from the documents.",
      responseGuidelines: "",
      model: { maxOutputTokens: 2_000, maxInputTokens: 32_000 },
      dataGovernance: { allowedTenantIds: [], allowedConversationIds: [] },
    });
  });

  test.each([
    [
      "a value out of range",
      `${minimal}model:\n  temperature: 9\n`,
      "clerk.yaml:5: model.temperature: ",
    ],
    [
      "an unknown field",
      `${minimal}colour: red\n`,
      "clerk.yaml:4: colour: unknown field",
    ],
    [
      "a missing field",
      "personaId: clerk\ndisplayName: Clerk\n",
      "clerk.yaml:1: instructions: ",
    ],
    [
      "an item of a list",
      `${minimal}dataGovernance:\n  allowedTenantIds:\n    - t1\n    - "t 2"\n`,
      "clerk.yaml:7: dataGovernance.allowedTenantIds.1: ",
    ],
    [
      "broken YAML",
      "personaId: clerk\ndisplayName: [Clerk\n",
      "clerk.yaml:3: ",
    ],
    ["an empty file", "", "clerk.yaml:1: (file): "],
  ])("%s is refused with file, line and field", (_, yaml, message) => {
    expect(() => parsePersona(yaml, "clerk.yaml")).toThrow(PersonaInvalid);
    expect(() => parsePersona(yaml, "clerk.yaml")).toThrow(message);
  });
});

describe("loadPersonas", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "personas-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  test("enabled personas are there by id, others are not", () => {
    writeFileSync(join(folder, "a.yaml"), minimal);
    writeFileSync(
      join(folder, "b.yml"),
      `${minimal.replace("clerk", "off")}isEnabled: false\n`,
    );
    writeFileSync(join(folder, "notes.txt"), "not a persona");
    expect([...loadPersonas(folder).keys()]).toEqual(["clerk"]);
  });

  test("one id in two files is refused, naming both", () => {
    writeFileSync(join(folder, "a.yaml"), minimal);
    writeFileSync(join(folder, "b.yaml"), minimal);
    expect(() => loadPersonas(folder)).toThrow(
      "b.yaml:1: personaId: clerk is defined in a.yaml already",
    );
  });

  test("a folder that is missing or holds no enabled persona is refused", () => {
    expect(() => loadPersonas(folder)).toThrow(PersonaInvalid);
    expect(() => loadPersonas(join(folder, "missing"))).toThrow(
      "cannot be read",
    );
  });

  test("the built-in analyst is well formed", () => {
    const builtIn = loadPersonas(
      join(import.meta.dirname, "../../../personas"),
    );
    expect(builtIn.get("analyst")?.displayName).toBe("Analyst");
  });
});
