import type { Tag } from "../kernel/metadata.ts";

/** App roles (DESIGN §9). Only `adapter` (for its own jobs) and `content_reader` ever see content. */
export const roles = [
  "adapter",
  "author",
  "observer",
  "reviewer",
  "review_admin",
  "operator",
  "admin",
  "content_reader",
] as const;
export type Role = (typeof roles)[number];

/** Who is calling, as the access token says. */
export interface Principal {
  /** The token's `tid`: the only tenant this caller ever sees. */
  readonly tenantId: Tag;
  /** The calling application (`azp`): an adapter owns what its application submitted. */
  readonly appId: Tag;
  /** The user or service principal (`oid`). */
  readonly userId: Tag;
  readonly roles: readonly Role[];
}

export function hasRole(
  principal: Principal,
  allowed: readonly Role[],
): boolean {
  return principal.roles.some((role) => allowed.includes(role));
}

/** What a job says of its owner. */
interface Owned {
  readonly appId: Tag;
}

const jobWatchers: readonly Role[] = [
  "observer",
  "operator",
  "admin",
  "content_reader",
];
const jobOperators: readonly Role[] = ["operator", "admin"];

/** May see a job's metadata: its own adapter, and those who watch the tenant. */
export function maySeeJob(principal: Principal, job: Owned): boolean {
  return owns(principal, job) || hasRole(principal, jobWatchers);
}

/** May act on a job (cancel): its own adapter, and the tenant's operators. */
export function mayOperateJob(principal: Principal, job: Owned): boolean {
  return owns(principal, job) || hasRole(principal, jobOperators);
}

/** May read a job's result: its own adapter, and content readers of the tenant. */
export function mayReadResult(principal: Principal, job: Owned): boolean {
  return owns(principal, job) || hasRole(principal, ["content_reader"]);
}

function owns(principal: Principal, job: Owned): boolean {
  return hasRole(principal, ["adapter"]) && principal.appId === job.appId;
}
