import { isNode, LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { Tag } from "../kernel/metadata.ts";

const Instructions = z.string().trim().min(1).max(20_000);

/** How the persona's model is called. What is absent is the endpoint's default. */
const PersonaModelSettings = z
  .strictObject({
    /** The model or deployment to ask, where the endpoint has several; the configured one otherwise. */
    chatModelId: Tag.optional(),
    temperature: z.number().min(0).max(2).optional(),
    maxOutputTokens: z.int().min(64).max(128_000).default(2_000),
    /** Documents are trimmed, by relevance, to what fits in here beside instructions and query. */
    maxInputTokens: z.int().min(1_000).max(2_000_000).default(32_000),
  })
  .prefault({});

/** Who may use the persona. Empty lists allow everyone. */
const DataGovernance = z
  .strictObject({
    allowedTenantIds: z.array(Tag).default([]),
    allowedConversationIds: z.array(Tag).default([]),
  })
  .prefault({});

/** A persona: a named role for a model, with its instructions and who may use it. */
export const PersonaDefinition = z.strictObject({
  personaId: Tag,
  displayName: z.string().trim().min(1).max(100),
  description: z.string().trim().max(1_000).default(""),
  isEnabled: z.boolean().default(true),
  /** What the model is told to be and do: the system message. */
  instructions: Instructions,
  /** How an answer should read. */
  responseGuidelines: z.string().trim().max(20_000).default(""),
  model: PersonaModelSettings,
  dataGovernance: DataGovernance,
});
export type PersonaDefinition = z.infer<typeof PersonaDefinition>;

/** A persona's file is not usable. The message names file, line and field, one problem a line. */
export class PersonaInvalid extends Error {
  override readonly name = "PersonaInvalid";
}

/**
 * Reads one persona from YAML.
 *
 * @param fileName - named in errors only.
 * @throws PersonaInvalid with one line `file:line: field: problem` for each problem.
 */
export function parsePersona(
  yamlText: string,
  fileName: string,
): PersonaDefinition {
  const lines = new LineCounter();
  const document = parseDocument(yamlText, {
    lineCounter: lines,
    prettyErrors: false,
  });
  const [syntaxError] = document.errors;
  if (syntaxError !== undefined) {
    const { line } = lines.linePos(syntaxError.pos[0]);
    throw new PersonaInvalid(`${fileName}:${line}: ${syntaxError.message}`);
  }
  const parsed = PersonaDefinition.safeParse(document.toJS());
  if (parsed.success) return parsed.data;

  const problems = parsed.error.issues.flatMap(toProblems).map((problem) => {
    const line = lineOf(document, problem.path, lines);
    const field = problem.path.join(".") || "(file)";
    return `${fileName}:${line}: ${field}: ${problem.message}`;
  });
  throw new PersonaInvalid(problems.join("\n"));
}

interface Problem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

function toProblems(issue: z.core.$ZodIssue): Problem[] {
  const path = issue.path.map((key) =>
    typeof key === "symbol" ? String(key) : key,
  );
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: "unknown field",
    }));
  return [{ path, message: issue.message }];
}

/** The line of the field at `path`, or of its nearest parent when the field is missing. */
function lineOf(
  document: ReturnType<typeof parseDocument>,
  path: readonly (string | number)[],
  lines: LineCounter,
): number {
  for (let depth = path.length; depth > 0; depth -= 1) {
    const node = document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}
