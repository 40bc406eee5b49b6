import { z } from "zod";
import { Count, defineMetadata, Tag } from "../kernel/metadata.ts";

const Amount = { tokens: Count, costMicroUsd: Count };

/** What a tenant's jobs took of models on one day (UTC). Partition `[tenantId, spending.{day}]`, id `total`. */
export const SpendingDocument = defineMetadata(
  z.strictObject({
    ...Amount,
    /** Calls that are on their way, each with the most that it may take. */
    reserved: z.array(z.strictObject({ callId: Tag, ...Amount })),
  }),
);
export type SpendingDocument = z.infer<typeof SpendingDocument>;
