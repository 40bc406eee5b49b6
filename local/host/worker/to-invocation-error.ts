import { inspect } from "node:util";
import type { InvocationError } from "../worker-messages.ts";

/** Describes anything that was thrown. `name` and `code` are identifiers, so that they may be logged. */
export function toInvocationError(thrown: unknown): InvocationError {
  const error = thrown instanceof Error ? thrown : new Error(describe(thrown));
  const code = toIdentifier((error as { code?: unknown }).code);
  return {
    name: toIdentifier(error.name) ?? "Error",
    ...(code === undefined ? {} : { code }),
    message: error.message,
    stack: error.stack ?? "",
  };
}

function describe(thrown: unknown): string {
  if (thrown === undefined || thrown === null) return "Unknown error";
  if (typeof thrown === "string") return thrown;
  try {
    return JSON.stringify(thrown);
  } catch {
    return inspect(thrown);
  }
}

/** A class name or an error code; anything else may be content and is dropped. */
function toIdentifier(value: unknown): string | undefined {
  return typeof value === "string" && /^[\w.$:-]{1,64}$/.test(value)
    ? value
    : undefined;
}
