import { z } from "zod";
import { ErrorCode } from "../jobs/documents.ts";
import {
  ContentRef,
  Count,
  defineMetadata,
  IsoTime,
  Tag,
} from "../kernel/metadata.ts";
import { DeliveryState } from "./delivery-state.ts";
import { JobEventType } from "./event.ts";

/** A subscriber's endpoint. Its URL is sealed, its secrets are in the secret store. Partition `[tenantId, webhooks]`. */
export const WebhookDocument = defineMetadata(
  z.strictObject({
    webhookId: Tag,
    appId: Tag,
    urlRef: ContentRef,
    eventTypes: z.array(JobEventType),
    status: z.enum(["active", "disabled"]),
    createdAt: IsoTime,
    updatedAt: IsoTime,
  }),
);
export type WebhookDocument = z.infer<typeof WebhookDocument>;

/** One attempt, as it is listed. */
const AttemptRecord = z.strictObject({
  attempt: Count,
  at: IsoTime,
  outcome: z.enum(["delivered", "failed", "gone"]),
  httpStatus: Count.optional(),
  code: ErrorCode.optional(),
  durationMs: Count,
});

/**
 * One event for one endpoint, with its attempts. Partition `[tenantId, deliveries.{webhookId}]` for a subscription,
 * `[tenantId, jobId]` for an interaction's own callbackUrl; id = deliveryId.
 */
export const DeliveryDocument = defineMetadata(
  z.strictObject({
    deliveryId: Tag,
    jobId: Tag,
    webhookId: Tag.optional(),
    eventType: JobEventType,
    state: DeliveryState,
    attempts: z.array(AttemptRecord),
    createdAt: IsoTime,
  }),
);
export type DeliveryDocument = z.infer<typeof DeliveryDocument>;
