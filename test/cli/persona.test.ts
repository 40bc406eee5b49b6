import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runPersona } from "../../cli/commands/persona.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "nucleus-persona-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function validate(yaml: string, ...options: readonly string[]) {
  await writeFile(join(folder, "clerk.yaml"), yaml);
  const lines: string[] = [];
  const code = await runPersona(["validate", "clerk.yaml", ...options], {
    env: {},
    cwd: folder,
    isTerminal: false,
    print: (text) => lines.push(text),
    redraw: () => undefined,
    warn: () => undefined,
  });
  return { code, text: lines.join("\n") };
}

const good = `personaId: clerk
displayName: Clerk
instructions: Answer.
`;
const bad = `personaId: clerk
dispalyName: Clerk
instructions: Answer.
model:
  temprature: 0.5
  maxOutputTokens: 1
`;

test("a good file is said to be so, and exits with 0", async () => {
  expect(await validate(good)).toEqual({
    code: 0,
    text: "clerk.yaml: clerk 1.0.0 is valid",
  });
  const { text } = await validate(good, "--json");
  expect(JSON.parse(text)).toMatchObject({
    valid: true,
    personaId: "clerk",
    version: "1.0.0",
    problems: [],
  });
});

test("all that is wrong is told at once, by line, with what was meant, and exits with 1", async () => {
  const { code, text } = await validate(bad);
  expect(code).toBe(1);
  expect(text.split("\n")).toEqual([
    expect.stringMatching(/^clerk\.yaml:1: displayName: /),
    "clerk.yaml:2: dispalyName: unknown field; did you mean displayName?",
    "clerk.yaml:5: model.temprature: unknown field; did you mean temperature?",
    expect.stringMatching(/^clerk\.yaml:6: model\.maxOutputTokens: /),
  ]);
});

test("as JSON each problem has file, line, column, path and message", async () => {
  const { code, text } = await validate(bad, "--json");
  expect(code).toBe(1);
  expect(JSON.parse(text)).toMatchObject({
    valid: false,
    problems: [
      { path: "displayName" },
      { line: 2, column: 1, path: "dispalyName" },
      { line: 5, column: 3, path: "model.temprature" },
      { line: 6, column: 3 },
    ],
  });
});

test.each([
  [[], /persona takes an action/],
  [["check"], /persona takes an action/],
  [["validate"], /takes the FILE first/],
  [["validate", "nowhere.yaml"], /nowhere\.yaml cannot be read/],
])("%j is refused in one line", async (args, message) => {
  const io = {
    env: {},
    cwd: folder,
    isTerminal: false,
    print: () => undefined,
    redraw: () => undefined,
    warn: () => undefined,
  };
  await expect(runPersona(args, io)).rejects.toThrow(message);
});
