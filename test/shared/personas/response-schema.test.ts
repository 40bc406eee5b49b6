import { describe, expect, test } from "vitest";
import {
  readData,
  type ResponseNode,
  ResponseSchema,
  toStrictSchema,
} from "../../../shared/personas/response-schema.ts";

const schema = ResponseSchema.parse({
  type: "object",
  required: ["parties"],
  properties: {
    parties: { type: "array", items: { type: "string" }, minItems: 1 },
    rent: { type: "number", minimum: 0, description: "Monthly rent" },
    kind: { type: "string", enum: ["lease", "sale"] },
    notice: {
      type: "object",
      required: ["months"],
      properties: { months: { type: "integer" } },
    },
  },
});

test("for the wire every property is required, optional ones are nullable, and bounds stay at home", () => {
  expect(toStrictSchema(schema)).toEqual({
    type: "object",
    additionalProperties: false,
    required: ["parties", "rent", "kind", "notice"],
    properties: {
      parties: { type: "array", items: { type: "string" } },
      rent: { type: ["number", "null"], description: "Monthly rent" },
      kind: { type: ["string", "null"], enum: ["lease", "sale", null] },
      notice: {
        type: ["object", "null"],
        additionalProperties: false,
        required: ["months"],
        properties: { months: { type: "integer" } },
      },
    },
  });
});

describe("reading data", () => {
  test("a null stands for an optional property that is absent", () => {
    const data = { parties: ["A"], rent: null, kind: null, notice: null };
    expect(readData(schema, data)).toEqual({
      ok: true,
      data: { parties: ["A"] },
    });
  });

  test.each([
    ["a missing property", {}, "data.parties"],
    ["a null where a value is required", { parties: null }, "data.parties"],
    ["a wrong type", { parties: ["A"], rent: "much" }, "data.rent"],
    ["a bound", { parties: [] }, "data.parties"],
    [
      "a value that is none of the choices",
      { parties: ["A"], kind: "loan" },
      "data.kind",
    ],
    [
      "half a month",
      { parties: ["A"], notice: { months: 1.5 } },
      "data.notice.months",
    ],
    ["a property that nobody asked for", { parties: ["A"], secret: 1 }, "data"],
    ["no object", "A", "data"],
  ])("%s is found, and told without what was said", (_, data, path) => {
    const read = readData(schema, data);
    if (read.ok) throw new Error("it was taken");
    expect(read.problems[0]).toMatch(
      new RegExp(`^${path.replaceAll(".", "\\.")}: `),
    );
    expect(read.problems.join()).not.toContain("much");
    expect(read.problems.join()).not.toContain("loan");
  });
});

test.each([
  ["another top", { type: "array", items: { type: "string" } }],
  ["a reference", { type: "object", properties: { a: { $ref: "#" } } }],
  [
    "a pattern",
    { type: "object", properties: { a: { type: "string", pattern: "(a+)+" } } },
  ],
  [
    "a requirement of nothing",
    { type: "object", properties: {}, required: ["a"] },
  ],
  [
    "a property that every object has",
    { type: "object", properties: { constructor: { type: "string" } } },
  ],
  ["six levels", nest(6)],
  ["101 properties", { type: "object", properties: many(101) }],
])("%s is refused", (_, value) => {
  expect(ResponseSchema.safeParse(value).success).toBe(false);
});

test("five levels and a hundred properties are taken", () => {
  expect(ResponseSchema.safeParse(nest(5)).success).toBe(true);
  const wide = { type: "object", properties: many(100) };
  expect(ResponseSchema.safeParse(wide).success).toBe(true);
});

function nest(levels: number): ResponseNode {
  return levels === 1
    ? { type: "object", properties: {} }
    : { type: "object", properties: { deeper: nest(levels - 1) } };
}

function many(count: number) {
  return Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`p${n}`, { type: "boolean" }]),
  );
}
