import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toStringData } from "../../../local/host/typed-data.ts";

/** What `@azure/functions` makes of a string. */
function parseIfJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What it makes of a string that came as `toStringData` has it. */
function read(text: string): unknown {
  const { json, string = "" } = toStringData(text);
  return json === undefined ? parseIfJson(string) : JSON.parse(json);
}

describe("a string for the library", () => {
  const texts = fc.oneof(
    fc.string(),
    fc.json(),
    fc.json().map((json) => ` \n${json}\t`),
    fc.json().map((json) => json.slice(1)),
    fc.double().map(String),
    fc.stringMatching(/^[-+.eE\d ]*$/),
    fc.constantFrom("", "true", "null ", "nullable", "\u00a0false", "-", "1_0"),
  );

  it("is read as it would be in any case", () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(read(text)).toEqual(parseIfJson(text));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    "order-17",
    "0190b5a4e8c27d3f9a1b2c3d4e5f6071",
    "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
    "trial",
  ])("needs no parse that fails where it is an ID like %s", (id) => {
    expect(toStringData(id)).toEqual({ json: JSON.stringify(id) });
  });
});
