import { describe, expect, it } from "vitest";
import { toParsableArguments } from "../../cli/commands/host-arguments.ts";

describe("toParsableArguments", () => {
  it.each([
    [
      ["--port", "7072"],
      ["--port", "7072"],
    ],
    [
      ["--functions", "a", "b", "--verbose"],
      ["--functions=a", "--functions=b", "--verbose"],
    ],
    [["--functions"], ["--functions"]],
    [
      ["--language-worker", "--", "--inspect=9229", "--cors", "*"],
      ["--language-worker=--inspect=9229", "--cors", "*"],
    ],
    [["--language-worker", "--inspect"], ["--language-worker=--inspect"]],
  ])("%j is parsed as %j", (args, expected) => {
    expect(toParsableArguments(args)).toEqual(expected);
  });
});
