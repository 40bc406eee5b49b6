import type { InvocationContext } from "@azure/functions";
import { Tag } from "../../shared/kernel/metadata.ts";
import { noTelemetry } from "../../shared/telemetry/no-telemetry.ts";
import type {
  SpanParent,
  Telemetry,
} from "../../shared/telemetry/telemetry.ts";
import { parseTraceParent } from "../../shared/telemetry/trace-context.ts";
import type { Deliveries } from "../../shared/webhooks/deliveries.ts";
import { deliveryChannel } from "../../shared/webhooks/delivery-channel.ts";

/**
 * One message, one attempt. A message that is not one of ours throws, so that the queue abandons it until it lands in
 * the dead-letter queue; the others behind it go on.
 */
export function createDeliverWebhook({
  deliveries,
  telemetry = noTelemetry,
}: {
  readonly deliveries: Deliveries;
  readonly telemetry?: Telemetry;
}) {
  const queue = Tag.parse(deliveryChannel.queue);
  return async (
    message: unknown,
    context?: InvocationContext,
  ): Promise<void> => {
    const body = deliveryChannel.body.parse(message);
    await telemetry.span(
      "message.process",
      {
        parent: toMessageParent(context),
        about: { jobId: body.jobId },
        attributes: {
          "messaging.system": "servicebus",
          "messaging.operation.type": "process",
          "messaging.destination.name": queue,
          "nucleus.attempt": body.attempt,
        },
      },
      () => deliveries.attempt(body),
    );
  };
}

/** The sender's span, as the message carries it; else what the host made of it. */
function toMessageParent(
  context: InvocationContext | undefined,
): SpanParent | undefined {
  const properties = context?.triggerMetadata?.["applicationProperties"];
  const sent = parseTraceParent(
    typeof properties === "object" &&
      properties !== null &&
      "traceparent" in properties
      ? properties.traceparent
      : undefined,
  );
  if (sent !== undefined) return { traceparent: sent };
  const host = parseTraceParent(context?.traceContext?.traceParent);
  return host && { traceparent: host, isUndecided: true };
}
