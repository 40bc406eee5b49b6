import type { HttpCookie } from "../typed-data.ts";

/** A `Set-Cookie` header value, written as Azure's host writes it: lower-case attributes, `path=/` where none is given. */
export function toSetCookie(cookie: HttpCookie): string {
  const parts = [
    `${encodeURIComponent(cookie.name)}=${encodeURIComponent(cookie.value)}`,
  ];
  const expires = cookie.expires?.value;
  const maxAge = cookie.maxAge?.value;
  if (expires !== undefined) {
    const ms = (expires.seconds ?? 0) * 1000 + (expires.nanos ?? 0) / 1e6;
    parts.push(`expires=${new Date(ms).toUTCString()}`);
  }
  if (maxAge !== undefined) parts.push(`max-age=${Math.trunc(maxAge)}`);
  if (cookie.domain?.value !== undefined)
    parts.push(`domain=${cookie.domain.value}`);
  parts.push(`path=${cookie.path?.value ?? "/"}`);
  if (cookie.secure?.value === true) parts.push("secure");
  const sameSite = sameSiteWords[cookie.sameSite ?? "none"];
  if (sameSite !== undefined) parts.push(`samesite=${sameSite}`);
  if (cookie.httpOnly?.value === true) parts.push("httponly");
  return parts.join("; ");
}

/** The protocol's "none" means "not given". */
const sameSiteWords = {
  none: undefined,
  lax: "lax",
  strict: "strict",
  explicitNone: "none",
} as const;
