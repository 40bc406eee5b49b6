import type { Now } from "../kernel/clock.ts";
import type { Logger } from "../kernel/log.ts";
import { Tag, toIsoTime } from "../kernel/metadata.ts";
import type { AttemptResult } from "./deliver.ts";
import type { DeliveryMessage } from "./delivery-channel.ts";
import type { DeliveryMessages } from "./delivery-messages.ts";
import type { DeliveryRecords } from "./delivery-records.ts";
import type { DeliveryDocument } from "./documents.ts";
import { nextAttempt, type WebhookSchedule } from "./schedule.ts";
import type { Subscriptions } from "./subscriptions.ts";

/**
 * Writes down how an attempt ended, and asks for the next one where the schedule has one.
 *
 * @param round - how many attempts the present round has begun, this one included
 */
export function createEndAttempt({
  records,
  subscriptions,
  schedule,
  ask,
  log,
  now,
  random,
}: {
  readonly records: DeliveryRecords;
  readonly subscriptions: Subscriptions;
  readonly schedule: WebhookSchedule;
  readonly ask: DeliveryMessages["ask"];
  readonly log: Logger;
  readonly now: Now;
  readonly random: () => number;
}) {
  return async function endAttempt(
    message: DeliveryMessage,
    round: number,
    result: AttemptResult,
  ): Promise<void> {
    const { attempt } = message;
    const nowMs = now();
    const record = toAttemptRecord(attempt, nowMs, result);
    switch (result.outcome) {
      case "delivered":
        await records.apply(
          message,
          { type: "succeed", attempt, nowMs },
          record,
        );
        break;
      case "gone":
        await records.apply(message, { type: "gone", attempt, nowMs }, record);
        if (message.webhookId !== undefined)
          await subscriptions.disable(message.tenantId, message.webhookId);
        break;
      case "failed": {
        const next = nextAttempt({
          attempt: round,
          schedule,
          retryAfterMs: result.retryAfterMs,
          random,
        });
        await records.apply(
          message,
          { type: "fail", attempt, nowMs, next },
          record,
        );
        if (next.kind === "scheduled")
          await ask(message, attempt + 1, nowMs + next.delayMs);
        break;
      }
      default:
        result satisfies never;
    }
    log.event("delivery.attempted", {
      tenantId: message.tenantId,
      jobId: message.jobId,
      deliveryId: message.deliveryId,
      attempt,
      outcome: Tag.parse(result.outcome),
      httpStatus: result.httpStatus,
      durationMs: Math.round(result.durationMs),
    });
  };
}

/** An attempt, as it is listed. */
function toAttemptRecord(
  attempt: number,
  nowMs: number,
  result: AttemptResult,
): DeliveryDocument["attempts"][number] {
  const { outcome, httpStatus, durationMs } = result;
  return {
    attempt,
    at: toIsoTime(nowMs),
    outcome,
    httpStatus,
    code: outcome === "delivered" ? undefined : result.code,
    durationMs,
  };
}
