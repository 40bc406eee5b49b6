import { z } from "zod";
import { Tag } from "../kernel/metadata.ts";
import { type Principal, type Role, roles } from "./principal.ts";

/** Starts with a letter or digit, so that no tenant can name one of our own partitions. */
const TenantId = Tag.refine((id) => /^[A-Za-z0-9]/.test(id));

/** The one signature algorithm of Entra ID's access tokens. `jku`, `jwk` and `x5u` are not even read. */
export const AccessTokenHeader = z.object({
  alg: z.literal("RS256"),
  kid: z.string().optional(),
});

/**
 * The claims of an Entra ID v2 access token that Nucleus reads. Tokens of version 1.0 are refused: they have another
 * issuer (`sts.windows.net`) and name their client in another claim. The app registration's
 * `api.requestedAccessTokenVersion` is 2.
 */
export const AccessToken = z.object({
  iss: z.string(),
  tid: TenantId,
  azp: Tag,
  oid: Tag,
  ver: z.literal("2.0"),
  exp: z.number(),
  sub: z.string().optional(),
  idtyp: z.string().optional(),
  scp: z.string().optional(),
  roles: z.array(z.string()).default([]),
});
export type AccessToken = z.infer<typeof AccessToken>;

/**
 * Who calls.
 *
 * An application acts with the app roles that it was assigned. A client on behalf of a user (`scp`) acts with the
 * user's, but only when it was granted `delegatedScope`: without, it has none, and every route refuses it.
 */
export function toPrincipal(
  token: AccessToken,
  delegatedScope: string,
): Principal {
  const scopes = token.scp?.split(" ");
  const mayAct = scopes?.includes(delegatedScope) ?? isApplication(token);
  return {
    tenantId: token.tid,
    appId: token.azp,
    userId: token.oid,
    roles: mayAct ? token.roles.filter(isRole) : [],
  };
}

/**
 * Whether a token without scopes is an application's own. What is issued for a user says so, or has a `sub` that is made
 * for the pair of user and client; an ID token of the API's own registration is like that.
 */
function isApplication({ idtyp, sub, oid }: AccessToken): boolean {
  return idtyp === undefined
    ? sub === undefined || sub === oid
    : idtyp === "app";
}

function isRole(name: string): name is Role {
  return (roles as readonly string[]).includes(name);
}
