import { HostStartError } from "../host-start-error.ts";
import { parseRouteTemplate } from "./route-template.ts";
import type { RouteTemplate, SegmentOrder } from "./route-template.ts";

export interface RouteDefinition<T> {
  /** The template without the host's prefix. */
  readonly route: string;
  /** Upper case; empty means every method. */
  readonly methods: readonly string[];
  readonly target: T;
  /** For messages. */
  readonly name: string;
}

export interface RouteMatch<T> {
  readonly target: T;
  readonly params: Readonly<Record<string, string>>;
}

export interface RouteTable<T> {
  /** The most specific route of a method and a raw path (with its leading slash, without query). */
  find(method: string, path: string): RouteMatch<T> | undefined;
}

interface Entry<T> {
  readonly template: RouteTemplate;
  readonly methods: ReadonlySet<string>;
  readonly target: T;
}

/** What Azure's host refuses at the beginning of a function's own route, also behind a prefix: `administration` too. */
const reservedRoute = /^(admin|runtime)/i;
/** First path segments that belong to the host itself. */
const reservedPath = /^(admin|runtime)(\/|$)/i;

/**
 * Puts routes in the order of Azure's host, which is not that of ASP.NET: see `compareRoutes`.
 *
 * @throws HostStartError naming the function whose route cannot be used.
 */
export function createRouteTable<T>(
  prefix: string,
  definitions: readonly RouteDefinition<T>[],
): RouteTable<T> {
  refuseConflicts(definitions);
  const entries = definitions
    // The host takes functions by name, and so puts routes of the same rank.
    .toSorted((a, b) =>
      compareTexts(a.name.toUpperCase(), b.name.toUpperCase()),
    )
    .map((definition) => ({
      template: parse(prefix, definition),
      methods: new Set(definition.methods),
      target: definition.target,
    }))
    .toSorted((a, b) =>
      compareRoutes(a.template.segments, b.template.segments),
    );
  const isPattern = ({ template }: Entry<T>): boolean => !template.isLiteral;
  const patterns = entries.filter(isPattern);
  /** Of each literal path, all routes that match it. */
  const literals = new Map<string, readonly Entry<T>[]>();
  for (const { route } of definitions) {
    const path = joinRoute(prefix, route).toLowerCase();
    if (!path.includes("{"))
      literals.set(
        path,
        entries.filter(({ template }) => template.match(path) !== undefined),
      );
  }

  return {
    find(method, rawPath) {
      const path = decodePath(rawPath.replace(/^\/|\/$/g, ""));
      const candidates = literals.get(path.toLowerCase()) ?? patterns;
      for (const { template, methods, target } of candidates) {
        if (!accepts(methods, method)) continue;
        const params = template.match(path);
        if (params !== undefined) return { target, params };
      }
      return undefined;
    },
  };
}

/** As Kestrel does before routes are matched: an encoded slash stays as it is, and so does what is malformed. */
function decodePath(path: string): string {
  return path.replaceAll(/(?:%(?!2f)[\da-f]{2})+/gi, (encoded) => {
    try {
      return decodeURIComponent(encoded);
    } catch {
      return encoded;
    }
  });
}

export function joinRoute(prefix: string, route: string): string {
  return [...prefix.split("/"), ...route.split("/")]
    .filter((segment) => segment !== "")
    .join("/");
}

function accepts(methods: ReadonlySet<string>, method: string): boolean {
  return methods.size === 0 || methods.has(method);
}

/**
 * Negative when `a` is tried first. Segment by segment: a literal before a parameter, more constraints before fewer
 * (a catch-all is a parameter as any other), and where one route ends, the longer one first.
 */
function compareRoutes(
  a: readonly SegmentOrder[],
  b: readonly SegmentOrder[],
): number {
  for (const [index, first] of a.entries()) {
    const second = b[index];
    if (second === undefined) return -1;
    const order =
      Number(first.literal === undefined) -
        Number(second.literal === undefined) ||
      second.constraintCount - first.constraintCount ||
      compareTexts(first.literal ?? "", second.literal ?? "");
    if (order !== 0) return order;
  }
  return b.length - a.length;
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Two functions of one route and method: Azure's host leaves the second one out. */
function refuseConflicts(
  definitions: readonly RouteDefinition<unknown>[],
): void {
  const seen = new Map<string, RouteDefinition<unknown>[]>();
  for (const definition of definitions) {
    const route = joinRoute("", definition.route).toLowerCase();
    const others = seen.get(route) ?? [];
    const other = others.find(({ methods }) =>
      intersect(methods, definition.methods),
    );
    if (other !== undefined)
      throw new HostStartError(
        `Functions "${other.name}" and "${definition.name}" have the same route "${definition.route}" and a method in common. Azure runs only one of them: give one another route or other methods.`,
      );
    seen.set(route, [...others, definition]);
  }
}

/** No methods are all methods. */
function intersect(a: readonly string[], b: readonly string[]): boolean {
  return (
    a.length === 0 || b.length === 0 || a.some((method) => b.includes(method))
  );
}

function parse(
  prefix: string,
  { name, route: own }: RouteDefinition<unknown>,
): RouteTemplate {
  const route = joinRoute(prefix, own);
  if (reservedRoute.test(joinRoute("", own)) || reservedPath.test(route))
    throw new HostStartError(
      `The route "${own}" of function "${name}" begins with what belongs to the host (admin, runtime): Azure does not run such a function. Give it another route.`,
    );
  try {
    return parseRouteTemplate(route);
  } catch (error) {
    throw new HostStartError(
      `The route "${route}" of function "${name}" is malformed: ${(error as Error).message}.`,
    );
  }
}
