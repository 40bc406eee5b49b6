import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  chapterMark,
  neutralizeMarks,
  pageMark,
  parseMark,
  partMark,
  sheetMark,
  slideMark,
  timeMark,
} from "../../../shared/extraction/marks.ts";

test("a mark that was written is read back", () => {
  expect(parseMark(pageMark(12))).toEqual({
    kind: "page",
    page: 12,
    place: { page: 12 },
  });
  expect(parseMark(sheetMark("Sales 2025"))).toEqual({
    kind: "sheet",
    sheet: "Sales 2025",
    place: { sheet: "Sales 2025" },
  });
  expect(parseMark(slideMark(3))).toEqual({
    kind: "page",
    page: 3,
    place: { slide: 3 },
  });
  expect(parseMark(chapterMark(4))).toEqual({
    kind: "sheet",
    sheet: "chapter 4",
    place: { chapter: 4 },
  });
  expect(parseMark(timeMark(3723.9))).toEqual({
    kind: "sheet",
    sheet: "01:02:03",
    place: { time: "01:02:03" },
  });
  expect(parseMark(partMark("2.1"))).toEqual({ kind: "part", part: "2.1" });
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
    "slide",
    "sheet",
    "chapter",
    "time",
    "part",
    "00:00:03",
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
  "<!-- chapter x -->",
  "<!-- part 1. -->",
  "<!-- time 00:61:00 -->",
  " <!-- page 3 -->",
  "page 3",
])("%j is text", (line) => expect(parseMark(line)).toBeUndefined());
