import { expect, test } from "vitest";
import { groundednessOf } from "../../../shared/personas/groundedness.ts";

const quote = (text: string, heading?: string) => ({
  artifactIndex: 0,
  text,
  ...(heading !== undefined && { heading }),
});
const opinion = (
  answer: string,
  quotes: readonly ReturnType<typeof quote>[],
  keyPoints: readonly string[] = [],
) => ({
  answer,
  keyPoints: [...keyPoints],
  quotes: [...quotes],
  notFound: false,
});

test("an answer in the words of its quote is grounded, also when it is phrased differently", () => {
  const quotes = [quote("The monthly rent is EUR 14,200, payable in advance.")];
  expect(
    groundednessOf(opinion("The rent is EUR 14,200 a month.", quotes)),
  ).toBe(1);
});

test("a number that no quote has makes its sentence ungrounded", () => {
  const quotes = [quote("The monthly rent is EUR 14,200, payable in advance.")];
  expect(
    groundednessOf(opinion("The rent is EUR 14,300 a month.", quotes)),
  ).toBe(0);
});

test("each statement counts by its words, key points too", () => {
  const quotes = [quote("The pool is closed from November until April.")];
  const score = groundednessOf(
    opinion("The pool is closed from November.", quotes, [
      "Dragons guard golden treasure.",
    ]),
  );
  expect(score).toBeGreaterThan(0.3);
  expect(score).toBeLessThan(0.7);
});

test("words from several quotes do not make one statement", () => {
  const quotes = [
    quote("The landlord repairs the roof."),
    quote("The tenant cleans windows monthly."),
  ];
  expect(
    groundednessOf(
      opinion("Landlord windows roof monthly tenant parks pays fees.", quotes),
    ),
  ).toBe(0);
});

test("a heading is part of its quote", () => {
  expect(
    groundednessOf(
      opinion("Hotels: EUR 260 per night.", [
        quote("A | EUR 260 per night", "Hotels"),
      ]),
    ),
  ).toBe(1);
});

test("without quotes nothing is grounded; without statements nothing is said of it", () => {
  expect(groundednessOf(opinion("The rent is due.", []))).toBe(0);
  expect(groundednessOf(opinion("—", []))).toBeUndefined();
  expect(
    groundednessOf({ ...opinion("It is not there.", []), notFound: true }),
  ).toBeUndefined();
});
