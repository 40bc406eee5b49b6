import { inspect } from "node:util";
import { expect, test } from "vitest";
import { Content, ContentExposed } from "../../shared/kernel/content.ts";

const secret = "the merger is called off";
const content = Content.fromText(secret);
/** As code that was not compiled against the wall sees it. */
const untyped = content as unknown as string;

test.each<[string, () => unknown]>([
  ["toString()", () => content.toString()],
  ["String()", () => String(content)],
  ["a template literal", () => `of ${untyped}`],
  ["concatenation", () => untyped + "!"],
  ["a number", () => Number(untyped)],
  ["JSON.stringify", () => JSON.stringify(content)],
  ["JSON.stringify, deep inside", () => JSON.stringify({ a: [{ content }] })],
  ["joining a list", () => [content].join(",")],
  ["a property's name", () => ({ [untyped]: 1 })],
  ["a date", () => new Date(untyped)],
])("%s refuses content", (_how, expose) => {
  expect(expose).toThrow(ContentExposed);
});

test.each<[string, () => string]>([
  ["inspect", () => inspect(content)],
  [
    "inspect of everything",
    () =>
      inspect(
        { content },
        { showHidden: true, depth: 9, customInspect: false },
      ),
  ],
  [
    "inspect inside an error",
    () => inspect(new Error("x", { cause: content })),
  ],
  [
    "a structured clone",
    () => inspect(structuredClone(content), { showHidden: true }),
  ],
  [
    "its own keys",
    () => inspect([Reflect.ownKeys(content), Object.assign({}, content)]),
  ],
  ["entries", () => JSON.stringify(Object.entries(content))],
])("%s gives nothing away", (_how, expose) => {
  const shown = expose();
  expect(shown).not.toContain(secret);
  expect(shown).not.toContain(Buffer.from(secret).toString("hex").slice(0, 16));
  expect(shown).not.toContain("116, 104, 101");
});

test("the refusal names the wall, not the content", () => {
  const refusal = new ContentExposed();
  expect(`${refusal.message} ${refusal.stack}`).not.toContain(secret);
});

test("what was put in comes out by its name, and by no other way", () => {
  expect(content.revealText()).toBe(secret);
  expect(Content.fromJson({ a: 1 }).revealJson()).toEqual({ a: 1 });
  const bytes = Buffer.from("xabcx").subarray(1, 4);
  expect(Content.fromBytes(bytes).revealText()).toBe("abc");
  expect(content.sizeBytes).toBe(secret.length);
});
