/** The Service Bus queues that the app uses; infrastructure and the embedded runtime create them from this list. */
export const webhookDeliveriesQueue = "webhook-deliveries";

export const queues = [
  {
    name: webhookDeliveriesQueue,
    lockDurationMs: 60_000,
    maxDeliveryCount: 10,
    duplicateDetectionWindowMs: 10 * 60_000,
  },
] as const;
