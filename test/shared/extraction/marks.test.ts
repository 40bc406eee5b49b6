import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  neutralizeMarks,
  pageMark,
  parseMark,
  sheetMark,
} from "../../../shared/extraction/marks.ts";

test("a mark that was written is read back", () => {
  expect(parseMark(pageMark(12))).toEqual({ kind: "page", page: 12 });
  expect(parseMark(sheetMark("Sales 2025"))).toEqual({
    kind: "sheet",
    sheet: "Sales 2025",
  });
});

test("any sheet name gives a mark on one line that is read back", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (name) => {
      const mark = sheetMark(name);
      expect(mark).not.toContain("\n");
      expect(parseMark(mark)?.kind).toBe("sheet");
    }),
  );
});

test("a sheet name cannot end its mark or forge another", () => {
  expect(sheetMark("x --> <!-- page 9 -->")).toBe(
    "<!-- sheet x - !- page 9 - -->",
  );
  expect(sheetMark(" \n ")).toBe("<!-- sheet unnamed -->");
});

test("no line of a neutralised text is a mark, whatever surrounds it", () => {
  const piece = fc.constantFrom(
    "<!--",
    " ",
    "page",
    "sheet",
    "3",
    "-->",
    "\n",
    "x",
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const lines = neutralizeMarks(pieces.join("")).split("\n");
      expect(lines.map(parseMark).filter(Boolean)).toEqual([]);
    }),
  );
});

test.each([
  "<!-- page 0 -->",
  "<!-- page 3 --> x",
  " <!-- page 3 -->",
  "page 3",
])("%j is text", (line) => expect(parseMark(line)).toBeUndefined());
