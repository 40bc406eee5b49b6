import { NucleusError } from "../../kernel/errors.ts";
import {
  readData,
  type ResponseNode,
  type ResponseObject,
} from "../response-schema.ts";

/** The passages that answer a question, verbatim and best first; none where the documents do not. */
type Find = (question: string) => Promise<readonly string[]>;

/**
 * Fills a response schema with what documents say, and with nothing else: each property's description (or its name) is
 * asked as a question. A text is the passage that answers it, a number the first one in it, one of several values the
 * one that it names, a list the passages. What cannot be found so (a yes or no, a list of objects) is left out.
 *
 * @throws NucleusError model_output_invalid where something is left out that the schema requires
 */
export async function extractData(
  schema: ResponseObject,
  find: Find,
): Promise<unknown> {
  const read = readData(schema, await fillObject(schema, find));
  if (!read.ok) throw new NucleusError("model_output_invalid");
  return read.data;
}

async function fillObject(schema: ResponseObject, find: Find) {
  const filled: Record<string, unknown> = {};
  for (const [name, node] of Object.entries(schema.properties)) {
    const value = await fill(node, name, find);
    if (value !== undefined) filled[name] = value;
  }
  return filled;
}

async function fill(
  node: ResponseNode,
  name: string,
  find: Find,
): Promise<unknown> {
  if (node.type === "object") return fillObject(node, find);
  if (node.type === "boolean") return undefined;
  const passages = await find(node.description ?? node.title ?? toWords(name));
  switch (node.type) {
    case "array":
      return node.items.type === "string"
        ? passages.flatMap((passage) => toText(node.items, passage) ?? [])
        : [];
    case "number":
    case "integer":
      return passages.map(toNumber).find((number) => number !== undefined);
    case "string":
      return passages
        .map((passage) => toText(node, passage))
        .find((text) => text !== undefined);
    default:
      return node satisfies never;
  }
}

function toText(node: ResponseNode, passage: string): string | undefined {
  if (node.type !== "string" || node.enum === undefined) return passage;
  const words = ` ${passage.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ")} `;
  return node.enum.find((value) =>
    words.includes(` ${value.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ")} `),
  );
}

function toNumber(passage: string): number | undefined {
  const [found] = /-?\d[\d,]{0,20}(?:\.\d{1,10})?/.exec(passage) ?? [];
  return found === undefined ? undefined : Number(found.replaceAll(",", ""));
}

/** `noticePeriod` and `notice_period` are read as they are spoken. */
function toWords(name: string): string {
  return name
    .replaceAll(/([a-z\d])([A-Z])/g, "$1 $2")
    .replaceAll("_", " ")
    .toLowerCase();
}
