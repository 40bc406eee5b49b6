import { z } from "zod";
import type { PersonaRequest } from "../persona-model.ts";
import { readData, toStrictSchema } from "../response-schema.ts";

/** What the model is asked to write. Where a quote stands is not asked: it is looked up. */
const ModelAnswer = z.object({
  answer: z.string().trim().min(1),
  keyPoints: z.array(z.string()),
  quotes: z.array(z.object({ document: z.int(), text: z.string() })),
  notFound: z.boolean(),
  /** A model that does not say how sure it is has answered all the same. */
  confidence: z.number().min(0).max(1).optional().catch(undefined),
  /** The numbers of opinions that it was shown. */
  agreesWith: z.array(z.int()).optional().catch(undefined),
  data: z.unknown().optional(),
});
export type ModelAnswer = z.infer<typeof ModelAnswer>;

/** How an answer to this request must look. */
export interface AnswerFormat {
  /** For strict structured output: every field required, none beside them. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** The answer in a model's text, which may stand in a code fence or between words. */
  read(text: string): ReadAnswer;
}

export type ReadAnswer =
  | { readonly ok: true; readonly answer: ModelAnswer }
  /** Fields and what is wrong with them; empty where there is no JSON object at all. */
  | { readonly ok: false; readonly problems: readonly string[] };

type Asked = Pick<PersonaRequest, "persona" | "others">;

export function toAnswerFormat(request: Asked): AnswerFormat {
  const { responseSchema } = request.persona;
  return {
    schema: toSchema(request),
    read(text) {
      const parsed = ModelAnswer.safeParse(toJson(text));
      if (!parsed.success)
        return {
          ok: false,
          problems: parsed.error.issues.map(
            ({ path, message }) => `${path.join(".")}: ${message}`,
          ),
        };
      const answer = parsed.data;
      if (responseSchema === undefined || answer.notFound)
        return { ok: true, answer: { ...answer, data: undefined } };
      const read = readData(responseSchema, answer.data);
      return read.ok
        ? { ok: true, answer: { ...answer, data: read.data } }
        : read;
    },
  };
}

function toSchema({ persona, others = [] }: Asked) {
  const data = persona.responseSchema;
  const properties = {
    answer: { type: "string" },
    keyPoints: { type: "array", items: { type: "string" } },
    quotes: {
      type: "array",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["document", "text"],
        properties: { document: { type: "integer" }, text: { type: "string" } },
      },
    },
    notFound: { type: "boolean" },
    confidence: { type: "number" },
    ...(others.length > 0 && {
      agreesWith: { type: "array", items: { type: "integer" } },
    }),
    ...(data && {
      // What is not found has no data.
      data: { anyOf: [toStrictSchema(data), { type: "null" }] },
    }),
  };
  return {
    type: "object",
    additionalProperties: false,
    required: Object.keys(properties),
    properties,
  };
}

function toJson(text: string): unknown {
  const start = text.indexOf("{");
  const end = text.lastIndexOf("}");
  try {
    return JSON.parse(text.slice(start, end + 1));
  } catch {
    return undefined;
  }
}
