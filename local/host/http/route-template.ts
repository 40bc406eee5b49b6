import { cutSegment } from "./cut-segment.ts";
import type { SegmentPart } from "./cut-segment.ts";

/** One compiled ASP.NET route template, such as `jobs/{id:guid}/events/{*rest}`. Literals match case-insensitively. */
export interface RouteTemplate {
  /** True when no segment is a parameter: the path itself is then the key. */
  readonly isLiteral: boolean;
  /** What the order of templates goes by. */
  readonly segments: readonly SegmentOrder[];
  /** The parameters of a decoded path (without leading slash), or undefined when it does not match. */
  match(path: string): Record<string, string> | undefined;
}

/** A segment as the order of routes sees it: by its first part. */
export interface SegmentOrder {
  /** The literal in upper case; undefined when a parameter begins the segment. */
  readonly literal: string | undefined;
  readonly constraintCount: number;
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
  const captures: Capture[] = [];
  const order: SegmentOrder[] = [];
  let pattern = "";
  for (const [index, segment] of segments.entries()) {
    const compiled = compileSegment(segment);
    const [only] = compiled.parameters;
    if (only !== undefined) captures.push(compiled);
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
    order.push(compiled.order);
  }
  const expression = new RegExp(`^${pattern}$`, "i");
  return {
    isLiteral: captures.length === 0,
    segments: order,
    match: (path) => readParameters(expression.exec(path), captures),
  };
}

function readParameters(
  match: RegExpExecArray | null,
  captures: readonly Capture[],
): Record<string, string> | undefined {
  if (match === null) return undefined;
  const values: Record<string, string> = {};
  for (const [index, { parameters, parts, isWhole }] of captures.entries()) {
    const segment = match[index + 1] ?? "";
    const texts = isWhole ? [segment] : cutSegment(segment, parts);
    if (texts === undefined) return undefined;
    for (const [place, parameter] of parameters.entries()) {
      const value = texts[place] || parameter.defaultValue;
      if (value === undefined) continue;
      if (!parameter.checks.every((check) => check(value))) return undefined;
      values[parameter.name] = value;
    }
  }
  return values;
}

/** A segment with parameters: the expression captures it as a whole. */
interface Capture {
  readonly parameters: readonly Parameter[];
  readonly parts: readonly SegmentPart[];
  /** One parameter is all of it. */
  readonly isWhole: boolean;
}

function compileSegment(segment: string): Capture & {
  readonly pattern: string;
  readonly order: SegmentOrder;
} {
  const parts = splitSegment(segment);
  const parameters = parts
    .filter(({ isParameter }) => isParameter)
    .map(({ text }) => parseParameter(text));
  const isWhole = parts.length === 1;
  checkParts(parts, parameters);
  const literal = parts.map(({ text }) => escapeLiteral(text)).join("");
  const capture = parameters[0]?.isCatchAll === true ? "(.*)" : "([^/]+)";
  const pattern = parameters.length === 0 ? literal : capture;
  const [first] = parts;
  const isLiteralFirst = first?.isParameter === false;
  const order: SegmentOrder = {
    literal: isLiteralFirst ? first.text.toUpperCase() : undefined,
    constraintCount: isLiteralFirst ? 0 : (parameters[0]?.checks.length ?? 0),
  };
  return { pattern, parameters, parts, isWhole, order };
}

function checkParts(
  parts: readonly SegmentPart[],
  parameters: readonly Parameter[],
): void {
  if (parts.length > 1 && parameters.some(({ isCatchAll }) => isCatchAll))
    throw new RangeError("a catch-all parameter must be a segment of its own");
  if (parts.some((part, at) => part.isParameter && parts[at + 1]?.isParameter))
    throw new RangeError("two parameters need a literal between them");
}

/** Cuts `v{version}.json` into its literals and parameters; braces inside a constraint's regex are doubled. */
function splitSegment(segment: string): SegmentPart[] {
  const parts: SegmentPart[] = [];
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
