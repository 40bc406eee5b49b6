import { expect, test } from "vitest";
import { toNumberFormat } from "../../../shared/extraction/child/kinds/number-format.ts";

test.each([
  ["General", 0.1 + 0.2, "0.3"],
  ["0", 2.6, "3"],
  ["0.00", 2, "2.00"],
  ["0.##", 2.5, "2.5"],
  ["#,##0", 1234567, "1,234,567"],
  ["#,##0.00", -1234.5, "-1,234.50"],
  ["0%", 0.25, "25%"],
  ["0.00%", 0.12345, "12.35%"],
  ['"$"#,##0.00', 12.5, "$12.50"],
  ["[$€-407] #,##0.00", 12.5, "€ 12.50"],
  ['0.0 "kg"', 3, "3.0 kg"],
  ['#,##0,"k"', 12000, "12k"],
  ["#,##0_);(#,##0)", 7, "7"],
  ["0.00E+00", 12345, "12345"],
  ["@", 5, "5"],
  ["yyyy-mm-dd", 45351, "2024-02-29"],
  ["dd/mm/yyyy hh:mm", 45351.5, "2024-02-29 12:00"],
  ["[$-409]d\\-mmm\\-yy;@", 1, "1900-01-01"],
  ["m/d/yy", 61, "1900-03-01"],
  ["hh:mm:ss", 0.75 + 1 / 86_400, "18:00:01"],
  ["[h]:mm", 1.5, "36:00:00"],
])("%s shows %d as %s", (code, value, shown) => {
  expect(toNumberFormat(164, code, false)(value)).toBe(shown);
});

test("built-in formats are known by number, and the 1904 calendar by its start", () => {
  expect(toNumberFormat(10, undefined, false)(0.5)).toBe("50.00%");
  expect(toNumberFormat(14, undefined, true)(43_889)).toBe("2024-02-29");
});
