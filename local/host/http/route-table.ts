import { HostStartError } from "../host-start-error.ts";
import { parseRouteTemplate } from "./route-template.ts";
import type { RouteTemplate } from "./route-template.ts";

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

/** First path segments that belong to the host itself. */
const reserved = /^(admin|runtime)(\/|$)/i;

/** @throws HostStartError naming the function whose route cannot be used. */
export function createRouteTable<T>(
  prefix: string,
  definitions: readonly RouteDefinition<T>[],
): RouteTable<T> {
  const literals = new Map<string, Entry<T>[]>();
  const patterns: Entry<T>[] = [];
  for (const definition of definitions) {
    const route = joinRoute(prefix, definition.route);
    const entry: Entry<T> = {
      template: parse(route, definition.name),
      methods: new Set(definition.methods),
      target: definition.target,
    };
    if (!entry.template.isLiteral) {
      patterns.push(entry);
      continue;
    }
    const key = route.toLowerCase();
    literals.set(key, [...(literals.get(key) ?? []), entry]);
  }
  // A stable sort: equals stay in the order of registration.
  patterns.sort((a, b) =>
    comparePrecedence(a.template.precedence, b.template.precedence),
  );

  return {
    find(method, rawPath) {
      const path = rawPath.replace(/^\/|\/$/g, "");
      for (const { methods, target } of literals.get(path.toLowerCase()) ?? [])
        if (accepts(methods, method)) return { target, params: {} };
      for (const { template, methods, target } of patterns) {
        if (!accepts(methods, method)) continue;
        const params = template.match(path);
        if (params !== undefined) return { target, params };
      }
      return undefined;
    },
  };
}

export function joinRoute(prefix: string, route: string): string {
  return [...prefix.split("/"), ...route.split("/")]
    .filter((segment) => segment !== "")
    .join("/");
}

function accepts(methods: ReadonlySet<string>, method: string): boolean {
  return methods.size === 0 || methods.has(method);
}

/** Segment by segment; where one ends, the longer one is the more specific. */
function comparePrecedence(a: string, b: string): number {
  if (a.startsWith(b) || b.startsWith(a)) return b.length - a.length;
  return a < b ? -1 : 1;
}

function parse(route: string, name: string): RouteTemplate {
  if (reserved.test(route))
    throw new HostStartError(
      `The route "${route}" of function "${name}" begins with a segment that belongs to the host (admin, runtime).`,
    );
  try {
    return parseRouteTemplate(route);
  } catch (error) {
    throw new HostStartError(
      `The route "${route}" of function "${name}" is malformed: ${(error as Error).message}.`,
    );
  }
}
