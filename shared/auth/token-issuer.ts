import { ConfigurationError } from "../kernel/config.ts";

/** Where Entra ID's metadata has the tenant's id: `https://login.microsoftonline.com/{tenantid}/v2.0`. */
const placeholder = "{tenantid}";
const guid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

/** Who a token says issued it, and for which tenant. */
interface Issued {
  readonly iss: string;
  readonly tid: string;
}

export type IssuerRule = (token: Issued) => boolean;

/** Whether an issuer, which may hold `{tenantid}`, is the one that the token names. */
export function isIssuedBy(issuer: string, { iss, tid }: Issued): boolean {
  return issuer.replaceAll(placeholder, () => tid) === iss;
}

/**
 * Which issuers' and tenants' tokens are taken.
 *
 * An issuer with `{tenantid}` stands for every tenant of Entra ID, so `tenants` says which of them may call: their ids,
 * or `*` alone for any. With one fixed issuer `tenants` may be left out.
 *
 * @throws ConfigurationError when that is missing or malformed.
 */
export function createIssuerRule(options: {
  readonly issuer: string;
  readonly tenants: readonly string[];
}): IssuerRule {
  const { issuer } = options;
  if (!issuer.includes(placeholder)) {
    const fixed = new Set(options.tenants);
    return (token) =>
      token.iss === issuer &&
      (fixed.size === 0 || fixed.has("*") || fixed.has(token.tid));
  }
  const tenants = options.tenants.map((tenant) => tenant.toLowerCase());
  const isOpen = tenants.length === 1 && tenants[0] === "*";
  if (tenants.length === 0 || !(isOpen || tenants.every(isGuid)))
    throw new ConfigurationError(
      "Setting AUTH_TENANTS: an issuer with {tenantid} needs the ids of the tenants that may call, or * for any. See docs/configuration.md.",
    );
  const allowed = new Set(tenants);
  return (token) =>
    isGuid(token.tid) &&
    (isOpen || allowed.has(token.tid)) &&
    isIssuedBy(issuer, token);
}

function isGuid(id: string): boolean {
  return guid.test(id);
}
