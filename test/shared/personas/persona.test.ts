import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isActivated } from "../../../shared/personas/activation.ts";
import { loadPersonas } from "../../../shared/personas/load-personas.ts";
import {
  parsePersona,
  PersonaInvalid,
} from "../../../shared/personas/parse-persona.ts";
import { toPersonaPin } from "../../../shared/personas/persona-pin.ts";

const minimal = `personaId: clerk
displayName: Clerk
instructions: Answer from the documents.
`;

describe("parsePersona", () => {
  test("what is left out gets its default", () => {
    expect(parsePersona(minimal, "clerk.yaml")).toEqual({
      personaId: "clerk",
      version: "1.0.0",
      displayName: "Clerk",
      description: "",
      isEnabled: true,
      instructions: "Answer from the documents.",
      responseGuidelines: "",
      model: {
        tiers: [],
        fallbacks: [],
        maxOutputTokens: 2_000,
        maxInputTokens: 32_000,
      },
      dataGovernance: { allowedTenantIds: [], allowedConversationIds: [] },
      knowledgeScope: { strategy: "AllUserArtifacts" },
      guardrails: {
        maxQuotes: 20,
        minGroundedness: 0,
        minQuotes: 0,
        withoutEvidence: "refuse",
        outputFields: ["answer", "keyPoints", "quotes", "data"],
      },
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

describe("the start's one line about a broken persona", () => {
  const messageOf = (yaml: string): string => {
    try {
      parsePersona(yaml, "clerk.yaml");
      return "";
    } catch (thrown) {
      return (thrown as Error).message;
    }
  };

  test("names file, line and path, and says how many problems there are besides", () => {
    expect(messageOf(`${minimal}versoin: 1.0.0\nmodel: 7\n`)).toBe(
      "clerk.yaml:4: versoin: unknown field; did you mean version? (and 1 more: nucleus persona validate)",
    );
  });

  test.each([
    [
      "version: 1.0\n",
      "clerk.yaml:4: version: must be a version of three numbers",
    ],
    [
      "guardrails: {minQuotes: 9, maxQuotes: 3}\n",
      "clerk.yaml:4: guardrails.minQuotes: must not be more than maxQuotes",
    ],
    [
      "activation:\n  when:\n    - tagz: [a]\n",
      "clerk.yaml:6: activation.when.0.tagz: unknown field; did you mean tags?",
    ],
    [
      "responseSchema:\n  type: object\n  properties:\n    a: {type: strin}\n",
      "clerk.yaml:7: responseSchema.properties.a.type: ",
    ],
    [
      "responseSchema:\n  type: object\n  required: [b]\n  properties:\n    a: {type: string}\n",
      'clerk.yaml:6: responseSchema.required.0: "b" is not one of the properties',
    ],
    ["xyzzy: 1\n", "clerk.yaml:4: xyzzy: unknown field"],
  ])("%j", (lines, message) => {
    expect(messageOf(minimal + lines)).toContain(message);
  });
});

describe("a pin", () => {
  test("does not change with the order of lines or with comments, and changes with every word", () => {
    const hashOf = (yaml: string) =>
      toPersonaPin(parsePersona(yaml, "clerk.yaml")).hash;
    const turned = minimal.trim().split("\n").toReversed().join("\n");
    expect(hashOf(`# A comment\n${turned}`)).toBe(hashOf(minimal));
    expect(hashOf(minimal.replace("Answer", "Reply"))).not.toBe(
      hashOf(minimal),
    );
    expect(toPersonaPin(parsePersona(minimal, "x"))).toMatchObject({
      personaId: "clerk",
      version: "1.0.0",
    });
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

  test("a persona of a later folder takes the place of one of an earlier, also to switch it off", () => {
    const later = mkdtempSync(join(tmpdir(), "personas-"));
    writeFileSync(join(folder, "a.yaml"), minimal);
    writeFileSync(join(folder, "b.yaml"), minimal.replace("clerk", "other"));
    writeFileSync(
      join(later, "mine.yaml"),
      minimal.replace("Answer from", "Quote from"),
    );
    writeFileSync(
      join(later, "off.yaml"),
      `${minimal.replace("clerk", "other")}isEnabled: false\n`,
    );
    const personas = loadPersonas(folder, later);
    expect([...personas.keys()]).toEqual(["clerk"]);
    expect(personas.get("clerk")?.instructions).toBe(
      "Quote from the documents.",
    );
    rmSync(later, { recursive: true });
  });

  test("the built-in personas are well formed, and only the analyst works on everything", () => {
    const builtIn = loadPersonas(
      join(import.meta.dirname, "../../../personas"),
    );
    expect([...builtIn.keys()]).toEqual([
      "analyst",
      "compliance",
      "educator",
      "summarizer",
    ]);
    const facts = {
      platformType: "Teams",
      tags: [],
      conversationId: "c1",
      artifacts: [],
      hasQuery: true,
    } as const;
    const active = [...builtIn.values()].filter(({ activation }) =>
      isActivated(activation, facts),
    );
    expect(active.map(({ personaId }) => personaId)).toEqual(["analyst"]);
  });
});
