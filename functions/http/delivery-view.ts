import type { DeliveryDocument } from "../../shared/webhooks/documents.ts";

/** A delivery as the API shows it. */
export function toDeliveryView(delivery: DeliveryDocument) {
  const { deliveryId, jobId, eventType, state, attempts, createdAt } = delivery;
  return {
    deliveryId,
    jobId,
    eventType,
    state: state.status,
    nextAttemptAt:
      state.status === "scheduled"
        ? new Date(state.dueAtMs).toISOString()
        : undefined,
    attempts,
    createdAt,
  };
}
