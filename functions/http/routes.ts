import { createCancelJob } from "./cancel-job.ts";
import { createGetHealth } from "./get-health.ts";
import { createGetJobResult } from "./get-job-result.ts";
import { createGetJobStatus } from "./get-job-status.ts";
import { createGetJob } from "./get-job.ts";
import { createJobDeliveryRoutes } from "./job-delivery-routes.ts";
import { createListPersonas } from "./list-personas.ts";
import { createPostInteraction } from "./post-interaction.ts";
import type { Route } from "./route.ts";
import { createWebhookRoutes } from "./webhook-routes.ts";

type RouteDependencies = Parameters<typeof createPostInteraction>[0] &
  Parameters<typeof createGetJob>[0] &
  Parameters<typeof createGetJobResult>[0] &
  Parameters<typeof createCancelJob>[0] &
  Parameters<typeof createJobDeliveryRoutes>[0] &
  Parameters<typeof createWebhookRoutes>[0] &
  Parameters<typeof createListPersonas>[0] &
  Parameters<typeof createGetHealth>[0];

/** Every HTTP route of the app. */
export function createRoutes(
  dependencies: RouteDependencies,
): readonly Route[] {
  return [
    createPostInteraction(dependencies),
    createGetJob(dependencies),
    createGetJobStatus(dependencies, {
      name: "get-job-status",
      path: "v1/jobs/{jobId}/status",
    }),
    createGetJobStatus(dependencies, {
      name: "get-interaction-status",
      path: "v1/interactions/{jobId}/status",
    }),
    createGetJobResult(dependencies),
    createCancelJob(dependencies),
    ...createJobDeliveryRoutes(dependencies),
    ...createWebhookRoutes(dependencies),
    createListPersonas(dependencies),
    ...createGetHealth(dependencies),
  ];
}
