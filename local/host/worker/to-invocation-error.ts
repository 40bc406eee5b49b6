import { inspect } from "node:util";
import type { InvocationError } from "../worker-messages.ts";

/** Describes anything that was thrown. `name` and `code` are identifiers, so that they may be logged. */
export function toInvocationError(thrown: unknown): InvocationError {
  const error = thrown instanceof Error ? thrown : new Error(describe(thrown));
  const code = toIdentifier(read(error, "code"));
  const stack = read(error, "stack");
  return {
    name: toIdentifier(read(error, "name")) ?? "Error",
    ...(code === undefined ? {} : { code }),
    message: describe(read(error, "message")),
    stack: typeof stack === "string" ? stack : "",
  };
}

/** Whoever throws can have put anything in an error, also what throws when it is read. */
function read(error: Error, name: string): unknown {
  try {
    return Reflect.get(error, name);
  } catch {
    return undefined;
  }
}

function describe(thrown: unknown): string {
  if (thrown === undefined || thrown === null) return "Unknown error";
  if (typeof thrown === "string") return thrown;
  try {
    // Of what is no JSON there is no text.
    return JSON.stringify(thrown) ?? inspect(thrown);
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
