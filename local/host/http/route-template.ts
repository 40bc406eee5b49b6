/** One compiled ASP.NET route template, such as `jobs/{id:guid}/events/{*rest}`. Literals match case-insensitively. */
export interface RouteTemplate {
  /** True when no segment is a parameter: the path itself is then the key. */
  readonly isLiteral: boolean;
  /** Orders templates: the smaller text is the more specific route. */
  readonly precedence: string;
  /** The parameters of a path (without leading slash), or undefined when it does not match. */
  match(path: string): Record<string, string> | undefined;
}

interface Parameter {
  readonly name: string;
  readonly checks: readonly Check[];
  readonly isOptional: boolean;
  readonly isCatchAll: boolean;
  readonly defaultValue: string | undefined;
}

type Check = (value: string) => boolean;

const isNumber: Check = (value) =>
  /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value);

const isIntegerWithin =
  (min: bigint, max: bigint): Check =>
  (value) =>
    /^[+-]?\d{1,20}$/.test(value) &&
    BigInt(value.replace("+", "")) >= min &&
    BigInt(value.replace("+", "")) <= max;

const plainConstraints: Readonly<Record<string, Check>> = {
  required: (value) => value !== "",
  int: isIntegerWithin(-(2n ** 31n), 2n ** 31n - 1n),
  long: isIntegerWithin(-(2n ** 63n), 2n ** 63n - 1n),
  alpha: (value) => /^[a-z]*$/i.test(value),
  bool: (value) => /^(true|false)$/i.test(value),
  guid: (value) =>
    /^\{?[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}\}?$/i.test(value),
  datetime: (value) => !Number.isNaN(Date.parse(value)),
  decimal: isNumber,
  double: isNumber,
  float: isNumber,
};

/** @throws RangeError that says what of the template is not understood. */
export function parseRouteTemplate(template: string): RouteTemplate {
  const segments = template.split("/").filter((segment) => segment !== "");
  const parameters: Parameter[] = [];
  let pattern = "";
  let precedence = "";
  for (const [index, segment] of segments.entries()) {
    const compiled = compileSegment(segment);
    const [only] = compiled.parameters;
    parameters.push(...compiled.parameters);
    const canBeAbsent =
      compiled.isWhole &&
      (only?.isOptional === true ||
        only?.isCatchAll === true ||
        only?.defaultValue !== undefined);
    if (only?.isCatchAll === true && index !== segments.length - 1)
      throw new RangeError("a catch-all parameter must be the last segment");
    const slash = index === 0 ? "" : "/";
    pattern += canBeAbsent
      ? `(?:${slash}${compiled.pattern})?`
      : `${slash}${compiled.pattern}`;
    precedence += compiled.rank;
  }
  const expression = new RegExp(`^${pattern}$`, "i");
  return {
    isLiteral: parameters.length === 0,
    precedence,
    match: (path) => readParameters(expression.exec(path), parameters),
  };
}

function readParameters(
  match: RegExpExecArray | null,
  parameters: readonly Parameter[],
): Record<string, string> | undefined {
  if (match === null) return undefined;
  const values: Record<string, string> = {};
  for (const [index, parameter] of parameters.entries()) {
    const raw = match[index + 1];
    const value =
      raw === undefined || raw === "" ? parameter.defaultValue : decode(raw);
    if (value === undefined) continue;
    if (!parameter.checks.every((check) => check(value))) return undefined;
    values[parameter.name] = value;
  }
  return values;
}

/** `rank` is ASP.NET's order: literal 1, constrained or mixed 2, parameter 3, constrained catch-all 4, catch-all 5. */
function compileSegment(segment: string): {
  readonly pattern: string;
  readonly parameters: Parameter[];
  readonly isWhole: boolean;
  readonly rank: number;
} {
  const parts = splitSegment(segment);
  const parameters: Parameter[] = [];
  let pattern = "";
  for (const { text, isParameter } of parts) {
    if (!isParameter) {
      pattern += escapeLiteral(text);
      continue;
    }
    const parameter = parseParameter(text);
    parameters.push(parameter);
    pattern += parameter.isCatchAll ? "(.*)" : "([^/]+)";
  }
  const isWhole = parts.length === 1;
  const [only] = parameters;
  if (only === undefined) return { pattern, parameters, isWhole, rank: 1 };
  if (!isWhole) return { pattern, parameters, isWhole, rank: 2 };
  const rank = (only.isCatchAll ? 5 : 3) - (only.checks.length > 0 ? 1 : 0);
  return { pattern, parameters, isWhole, rank };
}

/** Cuts `v{version}.json` into its literals and parameters; braces inside a constraint's regex are doubled. */
function splitSegment(
  segment: string,
): { readonly text: string; readonly isParameter: boolean }[] {
  const parts: { text: string; isParameter: boolean }[] = [];
  const token = /\{((?:[^{}]|\{\{|\}\})+)\}|([^{}]+)|[{}]/g;
  for (const [whole, parameter, literal] of segment.matchAll(token)) {
    if (parameter === undefined && literal === undefined)
      throw new RangeError(`"${whole}" stands alone in "${segment}"`);
    parts.push({
      text: parameter ?? literal ?? "",
      isParameter: parameter !== undefined,
    });
  }
  return parts;
}

function parseParameter(text: string): Parameter {
  const match =
    /^(\*{0,2})([A-Za-z_]\w*)((?::[a-z]+(?:\((?:[^()]|\([^()]*\))*\))?)*)(?:=([^?]*))?(\?)?$/.exec(
      text.replaceAll("{{", "{").replaceAll("}}", "}"),
    );
  if (match === null)
    throw new RangeError(`"{${text}}" is not a route parameter`);
  const [, stars, name = "", constraints = "", defaultValue, optional] = match;
  const checks = [
    ...constraints.matchAll(/:([a-z]+)(?:\(((?:[^()]|\([^()]*\))*)\))?/g),
  ].map(([, kind = "", argument]) => createCheck(kind, argument));
  return {
    name,
    checks,
    isOptional: optional !== undefined,
    isCatchAll: stars !== "",
    defaultValue,
  };
}

function createCheck(kind: string, argument: string | undefined): Check {
  const plain = plainConstraints[kind];
  if (plain !== undefined && argument === undefined) return plain;
  if (kind === "regex" && argument !== undefined) {
    const expression = new RegExp(argument, "i");
    return (value) => expression.test(value);
  }
  const [first = Number.NaN, second = Number.NaN] = (argument ?? "")
    .split(",")
    .map(Number);
  const last = argument?.includes(",") === true ? second : first;
  switch (kind) {
    case "length":
      return ({ length }) => length >= first && length <= last;
    case "minlength":
      return ({ length }) => length >= first;
    case "maxlength":
      return ({ length }) => length <= first;
    case "min":
      return (value) => isNumber(value) && Number(value) >= first;
    case "max":
      return (value) => isNumber(value) && Number(value) <= first;
    case "range":
      return (value) =>
        isNumber(value) && Number(value) >= first && Number(value) <= last;
    default:
      throw new RangeError(`"${kind}" is not a route constraint`);
  }
}

function escapeLiteral(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
}

function decode(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
