import { mayOperateJob, maySeeJob } from "../../shared/auth/principal.ts";
import { toDeliveryId } from "../../shared/jobs/finish-job.ts";
import type { ReadJob } from "../../shared/jobs/read-job.ts";
import type { Deliveries } from "../../shared/webhooks/deliveries.ts";
import type { DeliveryRecords } from "../../shared/webhooks/delivery-records.ts";
import { jobWatching } from "./access.ts";
import { toDeliveryView } from "./delivery-view.ts";
import { idOf, type SecuredRoute } from "./route.ts";

export interface JobDeliveryServices {
  readonly jobs: ReadJob;
  readonly deliveries: Deliveries;
  readonly deliveryRecords: DeliveryRecords;
}

/** What became of the callback of a job that was posted with a callbackUrl. */
export function createJobDeliveryRoutes({
  jobs,
  deliveries,
  deliveryRecords,
}: JobDeliveryServices): readonly SecuredRoute[] {
  return [
    /** `GET /jobs/{jobId}/deliveries`: the callback with its attempts; an empty list when there is none (yet). */
    {
      name: "list-job-deliveries",
      method: "GET",
      path: "v1/jobs/{jobId}/deliveries",
      access: jobWatching,
      async handle({ request, principal }) {
        const { tenantId } = principal;
        const jobId = idOf(request, "jobId");
        await jobs.job(principal, jobId, maySeeJob);
        const deliveryId = toDeliveryId(jobId, undefined);
        const stored = await deliveryRecords.read({
          tenantId,
          jobId,
          deliveryId,
        });
        return {
          jsonBody: {
            deliveries: stored ? [toDeliveryView(stored.document)] : [],
          },
        };
      },
    },
    /** `POST /jobs/{jobId}/deliveries/{deliveryId}/redeliver`: sends it again, on a schedule that starts anew. */
    {
      name: "redeliver-callback",
      method: "POST",
      path: "v1/jobs/{jobId}/deliveries/{deliveryId}/redeliver",
      access: ["adapter", "operator", "admin"],
      async handle({ request, principal }) {
        const { tenantId } = principal;
        const jobId = idOf(request, "jobId");
        const deliveryId = idOf(request, "deliveryId");
        await jobs.job(principal, jobId, mayOperateJob);
        await deliveries.redeliver({ tenantId, jobId, deliveryId });
        return { status: 202, jsonBody: { jobId, deliveryId } };
      },
    },
  ];
}
