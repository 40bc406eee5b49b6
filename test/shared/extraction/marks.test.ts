import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  cellsMark,
  chapterMark,
  neutralizeMarks,
  pageMark,
  parseCellsMark,
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

describe("cells", () => {
  const rowsOf = (mark: string | undefined): string[] => {
    const cells = parseCellsMark(mark ?? "");
    return cells === undefined ? [] : [...cells];
  };

  test("of the lines of a table are told by their columns and rows, gaps included", () => {
    const mark = cellsMark({ first: 1, last: 27, rows: [2, 4, 5, 6, 40] });
    expect(mark).toBe("<!-- cells B-AB 2 4-6 40 -->");
    expect(rowsOf(mark)).toEqual([
      "B2:AB2",
      "B4:AB4",
      "B5:AB5",
      "B6:AB6",
      "B40:AB40",
    ]);
    expect(rowsOf(cellsMark({ first: 0, last: 0, rows: [7] }))).toEqual(["A7"]);
  });

  test("of too many gaps are not told", () => {
    const rows = Array.from({ length: 2_000 }, (_, index) => 2 * index);
    expect(cellsMark({ first: 0, last: 1, rows })).toBeUndefined();
  });

  test("written in a document are text", () => {
    expect(neutralizeMarks("<!-- cells A-B 1 -->")).toBe(
      "&lt;!-- cells A-B 1 -->",
    );
    expect(parseCellsMark("<!-- cells A-B one -->")).toBeUndefined();
  });
});
