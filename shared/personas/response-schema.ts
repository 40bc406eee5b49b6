import { z } from "zod";

/**
 * The part of JSON Schema in which a persona says what its structured answer (`data`) looks like. It is the part that
 * Azure OpenAI's structured output takes, and bounds, which are checked here: an object at the top, at most five levels
 * and a hundred properties, no references, no patterns, nothing beside the named properties.
 */
export type ResponseNode =
  | (Described & {
      readonly type: "string";
      readonly enum?: string[] | undefined;
      readonly minLength?: number | undefined;
      readonly maxLength?: number | undefined;
    })
  | (Described & {
      readonly type: "number" | "integer";
      readonly minimum?: number | undefined;
      readonly maximum?: number | undefined;
    })
  | (Described & { readonly type: "boolean" })
  | (Described & {
      readonly type: "array";
      readonly items: ResponseNode;
      readonly minItems?: number | undefined;
      readonly maxItems?: number | undefined;
    })
  | ResponseObject;

export type ResponseObject = Described & {
  readonly type: "object";
  readonly properties: Record<string, ResponseNode>;
  readonly required?: string[] | undefined;
  readonly additionalProperties?: false | undefined;
};

interface Described {
  readonly title?: string | undefined;
  readonly description?: string | undefined;
}

const described = {
  title: z.string().max(200).optional(),
  description: z
    .string()
    .max(1_000)
    .optional()
    .describe("What the model is told about it"),
};
const length = z.int().nonnegative().max(100_000).optional();
const PropertyName = z
  .string()
  .regex(/^[A-Za-z_]\w{0,63}$/, "must be a name of letters, digits and _")
  .refine(
    (name) => !(name in {}),
    "must not be the name of what every object has",
  );

const Node: z.ZodType<ResponseNode> = z
  .lazy(() =>
    z.discriminatedUnion("type", [
      z.strictObject({
        type: z.literal("string"),
        ...described,
        enum: z.array(z.string().min(1).max(200)).min(1).max(100).optional(),
        minLength: length,
        maxLength: length,
      }),
      z.strictObject({
        type: z.enum(["number", "integer"]),
        ...described,
        minimum: z.number().optional(),
        maximum: z.number().optional(),
      }),
      z.strictObject({ type: z.literal("boolean"), ...described }),
      z.strictObject({
        type: z.literal("array"),
        ...described,
        items: Node,
        minItems: length,
        maxItems: length,
      }),
      ObjectNode,
    ]),
  )
  .meta({ id: "ResponseNode" });

const ObjectNode = z.strictObject({
  type: z.literal("object"),
  ...described,
  properties: z.record(PropertyName, Node),
  required: z.array(z.string()).optional(),
  additionalProperties: z.literal(false).optional(),
});

const maxResponseDepth = 5;
const maxResponseProperties = 100;

export const ResponseSchema: z.ZodType<ResponseObject> = ObjectNode.superRefine(
  (schema, context) => {
    const properties = checkNode(schema, [], context);
    if (properties > maxResponseProperties)
      context.addIssue({
        code: "custom",
        message: `has ${properties} properties; at most ${maxResponseProperties} are taken`,
      });
  },
);

/** Reports what the shape alone does not show; answers how many properties there are below. */
function checkNode(
  node: ResponseNode,
  path: (string | number)[],
  context: z.RefinementCtx,
  depth = 1,
): number {
  if (depth > maxResponseDepth) {
    context.addIssue({
      code: "custom",
      path,
      message: `is nested deeper than ${maxResponseDepth} levels`,
    });
    return 0;
  }
  if (node.type === "array")
    return checkNode(node.items, [...path, "items"], context, depth + 1);
  if (node.type !== "object") return 0;
  node.required?.forEach((name, index) => {
    if (!Object.hasOwn(node.properties, name))
      context.addIssue({
        code: "custom",
        path: [...path, "required", index],
        message: `"${name}" is not one of the properties`,
      });
  });
  return Object.entries(node.properties).reduce(
    (sum, [name, child]) =>
      sum +
      1 +
      checkNode(child, [...path, "properties", name], context, depth + 1),
    0,
  );
}

/**
 * The schema as strict structured output takes it: every property required, an optional one nullable instead, and no
 * bounds, which some endpoints refuse. `readData` checks those.
 */
export function toStrictSchema(node: ResponseNode): Record<string, unknown> {
  const about =
    node.description === undefined ? {} : { description: node.description };
  switch (node.type) {
    case "object":
      return {
        type: "object",
        ...about,
        additionalProperties: false,
        required: Object.keys(node.properties),
        properties: Object.fromEntries(
          Object.entries(node.properties).map(([name, child]) => [
            name,
            isRequired(node, name)
              ? toStrictSchema(child)
              : toNullable(toStrictSchema(child)),
          ]),
        ),
      };
    case "array":
      return { type: "array", ...about, items: toStrictSchema(node.items) };
    case "string":
      return {
        type: "string",
        ...about,
        ...(node.enum && { enum: [...node.enum] }),
      };
    case "number":
    case "integer":
    case "boolean":
      return { type: node.type, ...about };
    default:
      return node satisfies never;
  }
}

function toNullable(schema: Record<string, unknown>): Record<string, unknown> {
  const values = schema["enum"];
  return {
    ...schema,
    type: [schema["type"], "null"],
    ...(Array.isArray(values) && { enum: [...(values as unknown[]), null] }),
  };
}

function isRequired(node: ResponseObject, name: string): boolean {
  return node.required?.includes(name) === true;
}

export type ReadData =
  | { readonly ok: true; readonly data: unknown }
  /** What is wrong and where, in words of the schema: none of the answer's. */
  | { readonly ok: false; readonly problems: readonly string[] };

/** Checks structured data against its schema, bounds included. A null stands for an optional property that is absent. */
export function readData(schema: ResponseObject, value: unknown): ReadData {
  const data = withoutNulls(schema, value);
  const parsed = z.fromJSONSchema(toCheckedSchema(schema)).safeParse(data);
  if (parsed.success) return { ok: true, data: parsed.data };
  return {
    ok: false,
    problems: parsed.error.issues
      .slice(0, 20)
      .map(({ path, message }) => `${["data", ...path].join(".")}: ${message}`),
  };
}

function toCheckedSchema(node: ResponseNode): Record<string, unknown> {
  if (node.type === "array")
    return { ...node, items: toCheckedSchema(node.items) };
  if (node.type !== "object") return { ...node };
  return {
    ...node,
    additionalProperties: false,
    properties: Object.fromEntries(
      Object.entries(node.properties).map(([name, child]) => [
        name,
        toCheckedSchema(child),
      ]),
    ),
  };
}

function withoutNulls(node: ResponseNode, value: unknown): unknown {
  if (node.type === "array" && Array.isArray(value))
    return value.map((item: unknown) => withoutNulls(node.items, item));
  if (node.type !== "object" || !isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, item]) => {
      const child = Object.hasOwn(node.properties, name)
        ? node.properties[name]
        : undefined;
      if (child === undefined) return [[name, item]];
      return item === null && !isRequired(node, name)
        ? []
        : [[name, withoutNulls(child, item)]];
    }),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
