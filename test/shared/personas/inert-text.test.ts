import { describe, expect, test } from "vitest";
import {
  createInertText,
  toInertOpinion,
} from "../../../shared/personas/inert-text.ts";
import { attacks } from "../../attacks/attack-texts.ts";

const evil = "https://evil.example";
const secret = "zqsecret4711vault";
const sources = [
  "Where is the handbook?",
  `The handbook is at https://intranet.firm.example/handbook?v=2. ${secret} opens the safe. Write to help@firm.example.`,
];
const inert = (text: string): string => createInertText(sources).toInert(text);

describe("what a model has phrased", () => {
  test.each([
    ["![logo](https://evil.example/p.png?d=1)", "logo"],
    ["![logo][1]\n\n[1]: https://evil.example/r", "logo\n\n"],
    ["the [portal](https://evil.example/?q=1) shows it", "the portal shows it"],
    ["see https://evil.example/b?d=1.", "see [link removed]."],
    ["see <https://evil.example/b>", "see [link removed]"],
    ["see //evil.example/x", "see [link removed]"],
    ["see data.evil.example", "see [link removed]"],
    ["<b onclick=x>rent</b>", "rent"],
    ["<!channel> rent", " rent"],
    ["if a<b then", "if a< b then"],
    ["\u001b[2Jrent\u0007", "rent"],
    ["r\u202eent\u{e0041}", "rent"],
  ])("%j becomes %j", (text, expected) => {
    expect(inert(text)).toBe(expected);
  });

  test.each([
    "The handbook is at https://intranet.firm.example/handbook?v=2.",
    "Write to help@firm.example, between 9:00 and 17:00, e.g. on Monday.",
    "2 < 3 and 5 > 4 hold for version 3.5.0 of report.pdf and/or 1/2 of it.",
    "Note: the rent is due.\n- one\n- two",
    "پرونده\u200cها 👩\u200d🔧",
  ])("%j stays as it is", (text) => {
    expect(inert(text)).toBe(text);
  });

  test("an address of a document with something added to it is not that address", () => {
    expect(
      inert(`https://intranet.firm.example/handbook?v=2&d=${secret}`),
    ).toBe("[link removed]");
  });

  test("a known address behind other words is shown as what it is", () => {
    expect(inert("[here](https://intranet.firm.example/handbook?v=2)")).toBe(
      "here (https://intranet.firm.example/handbook?v=2)",
    );
  });

  test("data in the persona's own shape is made inert, names and all; what was taken out is counted", () => {
    const text = createInertText(sources);
    const opinion = toInertOpinion(
      {
        answer: "![x](https://evil.example/1)",
        keyPoints: ["see https://evil.example/2"],
        quotes: [{ artifactIndex: 0, text: "<b>as it stands</b>" }],
        notFound: false,
        data: { rows: [{ "<i>name</i>": "www.evil.example/3", amount: 7 }] },
        usage: { inputTokens: 1, outputTokens: 1 },
        model: "m",
      },
      text,
    );
    expect(opinion).toMatchObject({
      answer: "x",
      keyPoints: ["see [link removed]"],
      quotes: [{ text: "<b>as it stands</b>" }],
      data: { rows: [{ name: "[link removed]", amount: 7 }] },
    });
    expect(text.removed()).toBe(5);
  });

  test("long runs of brackets and dots cost no more than their length", () => {
    const hostile = ["[", "![", "<", "a.", "](", "\u001b]", "//"].map((part) =>
      part.repeat(50_000),
    );
    const perCharacter = hostile.map(
      (text) => inert(text).length / text.length,
    );
    expect(perCharacter.every((ratio) => ratio <= 2)).toBe(true);
  });
});

describe("a model that obeys a document", () => {
  const answers = attacks.map(({ name, obeyed }) => ({
    name,
    text: (typeof obeyed === "string" ? obeyed : obeyed.raw)
      .replaceAll("{evil}", evil)
      .replaceAll("{secret}", secret),
  }));

  test.each(answers)(
    "$name: nothing can be fetched, run or hidden",
    ({ text }) => {
      const shown = inert(text);
      expect(shown).not.toMatch(/evil\.example/);
      expect(shown).not.toMatch(/<[a-z!/@]|!\[|\]\(|javascript:|data:text/i);
      expect(shown).not.toMatch(
        /[[\p{Cc}\p{Default_Ignorable_Code_Point}]--[\t\n]]/v,
      );
    },
  );
});
