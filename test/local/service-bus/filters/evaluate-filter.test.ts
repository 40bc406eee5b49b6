import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileRule } from "../../../../local/service-bus/filters/compile-rule.ts";
import { evaluateFilter } from "../../../../local/service-bus/filters/evaluate-filter.ts";
import { parseFilter } from "../../../../local/service-bus/filters/parse-filter.ts";
import {
  FilterException,
  type FilterSubject,
  type FilterValue,
  MalformedFilter,
} from "../../../../local/service-bus/filters/rule-definition.ts";

const user: Readonly<Record<string, FilterValue>> = {
  count: 7n,
  price: 2.5,
  name: "O'Neil 100%",
  flag: true,
  nothing: null,
  "with space": 1n,
};
const system: Readonly<Record<string, FilterValue>> = {
  label: "order-new",
  subject: "order-new",
  to: "Store5",
};
const subject: FilterSubject = {
  system: (name) => system[name] ?? null,
  user: (name) => user[name.toLowerCase()],
};

const evaluate = (
  sqlExpression: string,
  sqlParameters: Record<string, string | number | boolean> = {},
): boolean | undefined =>
  evaluateFilter(parseFilter({ sqlExpression, sqlParameters }), subject);

describe("a SQL filter", () => {
  it.each<[string, boolean | undefined]>([
    ["1=1", true],
    ["1=0", false],
    ["count = 7", true],
    ["COUNT = 7.0 and Count <> 8 AND count != 8", true],
    ["user.count >= 7", true],
    ["count < 7 OR count > 6", true],
    ["missing = 1", undefined],
    ["missing <> 1", undefined],
    ["NOT missing = 1", undefined],
    ["missing = 1 AND 1 = 0", false],
    ["missing = 1 AND 1 = 1", undefined],
    ["missing = 1 OR 1 = 1", true],
    ["missing = 1 OR 1 = 0", undefined],
    ["1 = 0 OR missing = 1", undefined],
    ["missing + 1 > 0", undefined],
    ["-missing < 0", undefined],
    ["missing IS NULL", true],
    ["nothing IS NULL", true],
    ["count IS NOT NULL", true],
    ["sys.ReplyTo IS NULL", true],
    ["EXISTS(count)", true],
    ["NOT EXISTS (missing)", true],
    ["EXISTS(sys.Label)", true],
    ["count IN (1, 7, 9)", true],
    ["sys.To NOT IN ('Store5','Store6')", false],
    ["sys.To IN ('Store4') OR count = 7", true],
    ["missing IN (1)", undefined],
    ["missing NOT IN (1)", undefined],
    ["sys.Label LIKE 'order%'", true],
    ["sys.label LIKE '%new'", true],
    ["sys.label LIKE 'order_new'", true],
    ["sys.Subject LIKE 'ORDER%'", false],
    ["name LIKE 'O''N%100\\%' ESCAPE '\\'", true],
    ["name LIKE '%\\_%' ESCAPE '\\'", false],
    ["name NOT LIKE 'x%'", true],
    ["missing LIKE 'x'", undefined],
    ["name = 'O''Neil 100%'", true],
    ["name = 'o''neil 100%'", false],
    ["name + '!' = 'O''Neil 100%!'", true],
    ["count / 2 = 3", true],
    ["count / 2.0 = 3.5", true],
    ["count % 4 = 3", true],
    ["-7 / 2 = -3", true],
    ["2 + 3 * 4 - 6 / 3 = 12", true],
    ["(2 + 3) * 4 = 20", true],
    ["9223372036854775807 + 1 < 0", true],
    ["1.5E1 = 15 AND .5 = 0.5", true],
    ["price > 2 AND price < 3", true],
    ["flag = TRUE AND flag <> false", true],
    ["[with space] = 1", true],
    ['"with space" = 1', true],
    ["property('count') = 7 AND p('with space') = 1", true],
    ["newid() <> newid()", true],
    ["nothing = NULL", true],
    ["count = @n AND name LIKE @p", true],
    ["NOT (count = 7 AND flag = TRUE)", false],
    ["NOT count = 8 AND flag = TRUE", true],
    ["((count)) = ((7))", true],
  ])("%s is %s", (expression, expected) => {
    expect(evaluate(expression, { "@n": 7, "@p": "O%" })).toBe(expected);
  });

  it.each([
    "count = 'seven'",
    "name > 'A'",
    "flag + 1 = 2",
    "count / 0 = 1",
    "count LIKE '7'",
    "name LIKE 'x' ESCAPE 'yz'",
  ])("%s cannot be evaluated", (expression) => {
    expect(() => evaluate(expression)).toThrow(FilterException);
  });

  it.each([
    "",
    "count",
    "count =",
    "count = = 7",
    "= 7",
    "(count = 7",
    "count = 7)",
    "count = 7 AND",
    "count NOT 7",
    "count IS 7",
    "1 IS NULL",
    "EXISTS(1 + 1)",
    "count IN ()",
    "count IN 7",
    "sys.nothing = 1",
    "other.count = 1",
    "sqrt(4) = 2",
    "count = @missing",
    "name = 'open",
    "count = 7; DROP",
    "count = 99999999999999999999",
    "AND = 1",
    "(count = 7) = TRUE",
    `${"(".repeat(40)}1=1${")".repeat(40)}`,
    `name = '${"x".repeat(1024)}'`,
  ])("%s is refused", (expression) => {
    expect(() => evaluate(expression)).toThrow(MalformedFilter);
  });

  it("is refused or evaluated, whatever its text", () => {
    const words = fc.constantFrom(
      ..."count name missing sys.Label ( ) , = <> < + - * / % AND OR NOT IN IS NULL LIKE ESCAPE EXISTS 1 2.5 'x' '%' @p [a] newid() p('count')".split(
        " ",
      ),
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 12 }), (parts) => {
        const run = (): unknown => {
          try {
            return evaluate(parts.join(" "), { "@p": 1 });
          } catch (error) {
            return error;
          }
        };
        const answer = run();
        const isKnown =
          answer instanceof MalformedFilter ||
          answer instanceof FilterException ||
          !(answer instanceof Error);
        expect(isKnown).toBe(true);
      }),
      { seed: 11, numRuns: 5_000 },
    );
  });

  it("LIKE agrees with a regular expression", () => {
    const text = fc.string({
      unit: fc.constantFrom("a", "b", "%", "_"),
      maxLength: 8,
    });
    fc.assert(
      fc.property(text, text, (value, pattern) => {
        const source = pattern.replaceAll("%", ".*").replaceAll("_", ".");
        const predicate = parseFilter({
          sqlExpression: `p('value') LIKE '${pattern}'`,
        });
        const matched = evaluateFilter(predicate, {
          system: () => null,
          user: () => value,
        });
        expect(matched).toBe(new RegExp(`^${source}$`, "s").test(value));
      }),
      { seed: 12, numRuns: 2_000 },
    );
  });
});

describe("a correlation filter", () => {
  const matches = (filter: object): boolean =>
    compileRule({ name: "r", filter })(subject);

  it.each([
    [{ subject: "order-new" }, true],
    [{ subject: "order-new", to: "Store6" }, false],
    [{ correlationId: "c" }, false],
    [{ applicationProperties: { count: 7, flag: true } }, true],
    [{ applicationProperties: { Count: 7, price: 2.5 } }, true],
    [{ applicationProperties: { count: "7" } }, false],
    [{ applicationProperties: { missing: 1 } }, false],
  ])("%o: %s", (filter, expected) => {
    expect(matches(filter)).toBe(expected);
  });

  it("needs a condition", () => {
    expect(() => matches({})).toThrow(MalformedFilter);
  });

  it("belongs to a rule with a name", () => {
    const filter = { subject: "s" };
    for (const name of ["", "n".repeat(51)]) {
      expect(() => compileRule({ name, filter })).toThrow(MalformedFilter);
    }
  });
});
