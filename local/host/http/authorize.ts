import type { IncomingMessage } from "node:http";
import type { HostKeys } from "../host-keys.ts";
import type { AuthLevel } from "./http-binding.ts";

/** What a key is asked for. Without a function name only the master key opens the level `function`. */
export interface Guarded {
  readonly level: AuthLevel;
  readonly functionName?: string;
}

/** Asks whether a request may pass: by `x-functions-key` or `?code=`, compared in constant time. */
export type Authorize = (
  guarded: Guarded,
  request: IncomingMessage,
  url: URL,
) => boolean;

/** The master key opens everything, function keys (of the host or of one function) the level `function`. */
export function createAuthorize(keys: HostKeys): Authorize {
  return ({ level, functionName }, request, url) => {
    if (level === "anonymous") return true;
    const header = request.headers["x-functions-key"];
    const key =
      typeof header === "string" ? header : url.searchParams.get("code");
    if (key === null) return false;
    if (keys.isMasterKey(key)) return true;
    return (
      level === "function" &&
      functionName !== undefined &&
      keys.opensFunction(functionName, key)
    );
  };
}
