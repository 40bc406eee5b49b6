import type { Role } from "../../shared/auth/principal.ts";

/** Roles that may look at jobs: an adapter at its own, the others at their tenant's. */
export const jobWatching: readonly Role[] = [
  "adapter",
  "observer",
  "operator",
  "admin",
  "content_reader",
];
