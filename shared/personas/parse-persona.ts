import { isMap, isNode, isScalar, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { PersonaDefinition } from "./persona.ts";
import { closestTo } from "./closest-to.ts";
import { knownKeysAt } from "./persona-json-schema.ts";

/** What is wrong with a persona's file, and where. */
export interface PersonaProblem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** `model.temperature`; `(file)` for the whole of it. */
  readonly path: string;
  readonly message: string;
}

/** A persona's file is not usable. The message is one line: the first problem, and how many there are besides. */
export class PersonaInvalid extends Error {
  override readonly name = "PersonaInvalid";
  readonly problems: readonly PersonaProblem[];

  constructor(problems: readonly PersonaProblem[]) {
    const [first] = problems;
    const others = problems.length - 1;
    super(
      first === undefined
        ? "no persona"
        : `${toLine(first)}${others > 0 ? ` (and ${others} more: nucleus persona validate)` : ""}`,
    );
    this.problems = problems;
  }
}

/** A problem as one line, `file:line: path: message`, which editors and CI can link. */
export function toLine({ file, line, path, message }: PersonaProblem): string {
  return `${file}:${line}: ${path}: ${message}`;
}

type Path = readonly (string | number)[];
type YamlDocument = ReturnType<typeof parseDocument>;

/**
 * Reads one persona from YAML.
 *
 * @param fileName - named in errors only.
 * @throws PersonaInvalid with all its problems, each with line and path.
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
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return {
      file: fileName,
      line: Math.max(1, line),
      column: Math.max(1, col),
    };
  };
  if (document.errors.length > 0)
    throw new PersonaInvalid(
      document.errors.map(({ pos, message }) => ({
        ...at(pos[0]),
        path: "(file)",
        message,
      })),
    );
  const parsed = PersonaDefinition.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues
    .flatMap(toFaults)
    .map(({ path, message }) => ({
      ...at(offsetOf(document, path)),
      path: path.join(".") || "(file)",
      message,
    }));
  throw new PersonaInvalid(
    problems.toSorted((left, right) => left.line - right.line),
  );
}

interface Fault {
  readonly path: Path;
  readonly message: string;
}

function toFaults(issue: z.core.$ZodIssue): Fault[] {
  const path = issue.path.map((key) =>
    typeof key === "symbol" ? String(key) : key,
  );
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => {
      const meant = closestTo(key, knownKeysAt(path));
      return {
        path: [...path, key],
        message:
          meant === undefined
            ? "unknown field"
            : `unknown field; did you mean ${meant}?`,
      };
    });
  return [{ path, message: issue.message }];
}

/** Where the field at `path` stands (its key, where it has one), or its nearest parent when the field is missing. */
function offsetOf(document: YamlDocument, path: Path): number {
  for (let depth = path.length; depth > 0; depth -= 1) {
    const key = path[depth - 1];
    const parent =
      depth === 1
        ? document.contents
        : document.getIn(path.slice(0, depth - 1), true);
    if (isMap(parent)) {
      const pair = parent.items.find(
        (item) => isScalar(item.key) && String(item.key.value) === String(key),
      );
      if (pair !== undefined && isNode(pair.key) && pair.key.range)
        return pair.key.range[0];
    }
    const node = document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}
