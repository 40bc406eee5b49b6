import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { AuthLevel } from "./http-binding.ts";

/** Asks whether a request may pass: by `x-functions-key` or `?code=`, compared in constant time. */
export type Authorize = (
  level: AuthLevel,
  request: IncomingMessage,
  url: URL,
) => boolean;

/** Locally one key opens both `function` and `admin` routes. */
export function createAuthorize(systemKey: string): Authorize {
  const expected = digest(systemKey);
  return (level, request, url) => {
    if (level === "anonymous") return true;
    const header = request.headers["x-functions-key"];
    const key =
      typeof header === "string" ? header : url.searchParams.get("code");
    return key !== null && timingSafeEqual(digest(key), expected);
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
