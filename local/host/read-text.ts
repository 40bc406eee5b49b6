import type { BindingMetadata } from "./worker-messages.ts";

/** A text setting of a binding. */
export function readText(
  binding: BindingMetadata,
  setting: string,
): string | undefined {
  const value = binding[setting];
  return typeof value === "string" ? value : undefined;
}
