import type { z } from "zod";
import type { JobRecords } from "../shared/jobs/job-records.ts";
import { type loadPlan } from "../shared/workflow/contracts.ts";
import { type Plan, toInteractionPlan } from "../shared/workflow/plan.ts";

/** Brings the job's plan into the orchestration, and says that the job is being worked on. */
export function createLoadPlan({ records }: { readonly records: JobRecords }) {
  return async (key: z.output<typeof loadPlan.input>): Promise<Plan> =>
    toInteractionPlan(await records.begin(key, "Processing"));
}
