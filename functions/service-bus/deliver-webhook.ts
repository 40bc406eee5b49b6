import type { Deliveries } from "../../shared/webhooks/deliveries.ts";
import { deliveryChannel } from "../../shared/webhooks/delivery-channel.ts";

/**
 * One message, one attempt. A message that is not one of ours throws, so that the queue abandons it until it lands in
 * the dead-letter queue; the others behind it go on.
 */
export function createDeliverWebhook({
  deliveries,
}: {
  readonly deliveries: Deliveries;
}) {
  return async (message: unknown): Promise<void> => {
    await deliveries.attempt(deliveryChannel.body.parse(message));
  };
}
