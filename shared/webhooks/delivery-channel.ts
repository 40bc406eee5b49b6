import { z } from "zod";
import { Count, Tag } from "../kernel/metadata.ts";
import { defineChannel } from "../messages/message-sender.ts";
import { webhookDeliveriesQueue } from "../messages/queues.ts";

/** One message asks for one attempt of one delivery; everything else is looked up. */
export const deliveryChannel = defineChannel({
  queue: webhookDeliveriesQueue,
  body: z.strictObject({
    schemaVersion: z.literal(1),
    tenantId: Tag,
    jobId: Tag,
    deliveryId: Tag,
    /** The subscription; absent for an interaction's own callbackUrl. */
    webhookId: Tag.optional(),
    attempt: Count,
  }),
});
export type DeliveryMessage = z.infer<typeof deliveryChannel.body>;
