import { isIP } from "node:net";
import { isPublicAddress } from "./public-address.ts";

/** Where outgoing calls may go, as far as that can be said before a name is resolved. */
export interface EgressPolicy {
  /** For https on the public internet, on 443 or an unreserved port, without user and password; and for exceptions. */
  admits(url: URL): boolean;
  /** Whether the operator made an exception for this host (no brackets) and port: http and private addresses too. */
  isExempt(hostname: string, port: number): boolean;
}

/**
 * Reads EGRESS_ALLOW: a comma list of `host:port`, IPv6 hosts in brackets. Hosts come back in the form in which a URL
 * gives them, so that `LOCALHOST:80` and `127.1:80` match.
 * @throws RangeError with the number of the entry that is not `host:port`.
 */
export function parseEgressAllow(text: string): readonly string[] {
  return text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "")
    .map(parseEntry);
}

function parseEntry(entry: string, index: number): string {
  const match = /^(\[[\da-f:.]+\]|[^\s:/?#@*\\[\]]+):(\d{1,5})$/i.exec(entry);
  const [, host, digits] = match ?? [];
  const parsed = host === undefined ? null : URL.parse(`http://${host}/`);
  const port = Number(digits);
  if (parsed === null || port < 1 || port > 65_535)
    throw new RangeError(`entry ${index + 1} is not host:port`);
  return `${parsed.hostname}:${port}`;
}

/** @param allow entries as `parseEgressAllow` gives them. */
export function createEgressPolicy(allow: readonly string[]): EgressPolicy {
  const exempt = new Set(allow.map(withoutBrackets));
  const isExempt = (hostname: string, port: number): boolean =>
    exempt.has(`${hostname}:${port}`);

  return {
    isExempt,
    admits(url) {
      if (url.username !== "" || url.password !== "") return false;
      if (url.protocol !== "https:" && url.protocol !== "http:") return false;
      const hostname = withoutBrackets(url.hostname);
      const port = portOf(url);
      if (isExempt(hostname, port)) return true;
      return (
        url.protocol === "https:" &&
        isWebPort(port) &&
        !isLocalName(hostname) &&
        (isIP(hostname) === 0 || isPublicAddress(hostname))
      );
    },
  };
}

function portOf(url: URL): number {
  if (url.port !== "") return Number(url.port);
  return url.protocol === "https:" ? 443 : 80;
}

/** Ports below 1024 belong to other services (mail, directories), which a crafted TLS greeting could confuse. */
function isWebPort(port: number): boolean {
  return port === 443 || port >= 1024;
}

function isLocalName(hostname: string): boolean {
  return /(?:^|\.)localhost\.?$/.test(hostname);
}

function withoutBrackets(host: string): string {
  return host.replaceAll(/[[\]]/g, "");
}
