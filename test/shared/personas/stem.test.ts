import { expect, test } from "vitest";
import { stem } from "../../../shared/personas/retrieval/stem.ts";
import { toTerms } from "../../../shared/personas/retrieval/terms.ts";

test.each([
  ["caresses", "caress"],
  ["ponies", "poni"],
  ["cats", "cat"],
  ["agreed", "agre"],
  ["plastered", "plaster"],
  ["motoring", "motor"],
  ["sing", "sing"],
  ["hopping", "hop"],
  ["falling", "fall"],
  ["filing", "file"],
  ["happy", "happi"],
  ["relational", "relat"],
  ["conditional", "condit"],
  ["vietnamization", "vietnam"],
  ["triplicate", "triplic"],
  ["hopefulness", "hope"],
  ["adjustable", "adjust"],
  ["replacement", "replac"],
  ["adoption", "adopt"],
  ["probate", "probat"],
  ["controlling", "control"],
  ["generalizations", "gener"],
  ["oscillators", "oscil"],
])("%s has the stem %s, as in Porter's paper", (word, expected) => {
  expect(stem(word)).toBe(expected);
});

test("terms: stop words go, numbers lose separators, number words are numbers, identifiers stay whole", () => {
  expect(
    toTerms(
      "The TW-3's price was 14,200.50 EUR for nine buoys in the second quarter of 2027.",
    ),
  ).toEqual(["tw3", "price", "14200.50", "eur", "9", "buoi", "q2", "2027"]);
  expect(toTerms("Phishing-resistant sign-in, café’s")).toEqual([
    "phish",
    "resist",
    "sign",
    "cafe",
  ]);
});
