import type { LogLevel } from "../host-log.ts";
import type { InvocationRequest } from "../worker-messages.ts";
import type { CoreRuntime } from "./core-api.ts";

export interface InvocationLogDeps {
  readonly core: Pick<CoreRuntime, "hooks">;
  log(
    level: LogLevel,
    category: string,
    message: string,
    request: InvocationRequest,
  ): void;
}

/** Where the lines go that are logged through one invocation's context. */
export interface InvocationLog {
  write(level: LogLevel, category: string, message: string): void;
  /** What the log hooks are shown. */
  setContext(context: unknown): void;
  /** From here on, the lines are those of a later invocation with the same context. */
  setRequest(request: InvocationRequest): void;
}

/** Creates the log of the invocation `request`. */
export function createInvocationLog(
  deps: InvocationLogDeps,
  request: InvocationRequest,
): InvocationLog {
  let current = request;
  let invocationContext: unknown;

  return {
    write(level, category, message) {
      const line = { level, category, message, invocationContext };
      deps.core.hooks.runLog(line);
      // Only the app's own lines may be changed by a hook.
      if (category === "user")
        deps.log(line.level, category, line.message, current);
      else deps.log(level, category, message, current);
    },
    setContext(context) {
      invocationContext = context;
    },
    setRequest(later) {
      current = later;
    },
  };
}
