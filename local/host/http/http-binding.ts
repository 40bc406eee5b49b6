import { readText } from "../read-text.ts";
import type { BindingMetadata } from "../worker-messages.ts";
import { joinRoute } from "./route-table.ts";

export type AuthLevel = "anonymous" | "function" | "admin";

/** A function as far as its HTTP trigger matters. */
interface HttpFunction {
  readonly name: string;
  readonly trigger: BindingMetadata;
}

/** The absolute route of an HTTP function, for listings. */
export function toRoutePath(called: HttpFunction, routePrefix: string): string {
  return `/${joinRoute(routePrefix, readRoute(called))}`;
}

/** Upper-case methods; empty for every method. */
export function readMethods({ trigger }: HttpFunction): string[] {
  const methods = trigger["methods"];
  return Array.isArray(methods)
    ? methods.map((method) => String(method).toUpperCase())
    : [];
}

/** The route template without the prefix; the function's name where none is given. */
export function readRoute({ name, trigger }: HttpFunction): string {
  return readText(trigger, "route") ?? name;
}

/** Azure's default is a key; the library always states the level. */
export function readAuthLevel({ trigger }: HttpFunction): AuthLevel {
  const level = readText(trigger, "authLevel")?.toLowerCase();
  return level === "anonymous" || level === "admin" ? level : "function";
}
