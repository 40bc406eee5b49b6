import { z } from "zod";
import { Count, defineMetadata } from "../kernel/metadata.ts";
import type { NextAttempt } from "./schedule.ts";

const counts = {
  /** The last attempt that was begun; 0 before the first. Never falls, so that no message of the past can act again. */
  attempt: Count,
  /** Attempts made before the present round: each redelivery starts the schedule anew. */
  attemptsBefore: Count,
};

/** Where one delivery stands, as its document keeps it. Times are milliseconds since the epoch. */
export const DeliveryState = defineMetadata(
  z.discriminatedUnion("status", [
    z.strictObject({ status: z.literal("pending"), ...counts }),
    z.strictObject({
      status: z.literal("delivering"),
      ...counts,
      /** Until then the attempt is taken to be running; after it, to have died with its process. */
      leaseUntilMs: Count,
    }),
    z.strictObject({
      status: z.literal("scheduled"),
      ...counts,
      dueAtMs: Count,
    }),
    z.strictObject({
      status: z.literal("delivered"),
      ...counts,
      endedAtMs: Count,
    }),
    z.strictObject({
      status: z.literal("dead"),
      ...counts,
      endedAtMs: Count,
      reason: z.enum(["exhausted", "gone", "disabled"]),
    }),
  ]),
);
export type DeliveryState = z.infer<typeof DeliveryState>;

export const newDelivery: DeliveryState = {
  status: "pending",
  attempt: 0,
  attemptsBefore: 0,
};

export type DeliveryEvent =
  /** A message asks for this attempt. */
  | {
      readonly type: "begin";
      readonly attempt: number;
      readonly nowMs: number;
      /** Longer than the attempt may take, with its answer and its document. */
      readonly leaseMs: number;
    }
  | {
      readonly type: "succeed";
      readonly attempt: number;
      readonly nowMs: number;
    }
  | {
      readonly type: "fail";
      readonly attempt: number;
      readonly nowMs: number;
      readonly next: NextAttempt;
    }
  /** The endpoint answered 410. */
  | { readonly type: "gone"; readonly attempt: number; readonly nowMs: number }
  /** The endpoint was disabled or deleted: there is nothing to post to. */
  | {
      readonly type: "disable";
      readonly attempt: number;
      readonly nowMs: number;
    }
  | { readonly type: "redeliver" };

export type Transition =
  /** Write it, on condition that the document is unchanged, before doing what it stands for (the POST, the message). */
  | { readonly kind: "moved"; readonly state: DeliveryState }
  /** That attempt is over, but the message for the next may not have been sent: send it (again), change nothing. */
  | {
      readonly kind: "relay";
      readonly attempt: number;
      readonly dueAtMs: number;
    }
  /** That attempt is running elsewhere: come back when its lease has ended. */
  | { readonly kind: "busy"; readonly untilMs: number }
  /** The event comes from the past, or does not apply: change nothing. */
  | { readonly kind: "ignored" };

/** How many attempts the present round has begun: what the schedule counts. */
export function attemptsOfRound(state: DeliveryState): number {
  return state.attempt - state.attemptsBefore;
}

/**
 * The life of a delivery: pending → delivering → delivered | scheduled | dead, scheduled → delivering, and back to
 * pending from either end.
 *
 * D1. An attempt is begun by raising `attempt` by one in a conditional write, so that of two messages one wins.
 * D2. Only the attempt that is running can end, once: what a lost or late process reports is ignored.
 * D3. At any crash, the message that was not completed comes again and finds out here what is left to do: resume the
 *     attempt (same number, same `webhook-id`), send the next message again, or nothing. There is one chain.
 */
export function advanceDelivery(
  state: DeliveryState,
  event: DeliveryEvent,
): Transition {
  const { attempt, attemptsBefore } = state;
  const ended = { attempt, attemptsBefore };
  switch (event.type) {
    case "begin":
      return begin(state, event);
    case "succeed":
      if (!isRunning(state, event.attempt)) return { kind: "ignored" };
      return moved({ status: "delivered", ...ended, endedAtMs: event.nowMs });
    case "fail":
      if (!isRunning(state, event.attempt)) return { kind: "ignored" };
      return event.next.kind === "dead"
        ? moved(dead(state, "exhausted", event.nowMs))
        : moved({
            status: "scheduled",
            ...ended,
            dueAtMs: event.nowMs + event.next.delayMs,
          });
    case "gone":
      if (!isRunning(state, event.attempt)) return { kind: "ignored" };
      return moved(dead(state, "gone", event.nowMs));
    case "disable":
      if (!isRunning(state, event.attempt)) return { kind: "ignored" };
      return moved(dead(state, "disabled", event.nowMs));
    case "redeliver":
      return state.status === "delivered" || state.status === "dead"
        ? moved({ status: "pending", attempt, attemptsBefore: attempt })
        : { kind: "ignored" };
    default:
      return event satisfies never;
  }
}

function begin(
  state: DeliveryState,
  { attempt, nowMs, leaseMs }: Extract<DeliveryEvent, { type: "begin" }>,
): Transition {
  const started = moved({
    status: "delivering",
    attempt,
    attemptsBefore: state.attemptsBefore,
    leaseUntilMs: nowMs + leaseMs,
  });
  switch (state.status) {
    case "pending":
      return attempt === state.attempt + 1 ? started : { kind: "ignored" };
    case "scheduled":
      if (attempt === state.attempt + 1) return started;
      return attempt === state.attempt
        ? { kind: "relay", attempt: attempt + 1, dueAtMs: state.dueAtMs }
        : { kind: "ignored" };
    case "delivering":
      if (attempt !== state.attempt) return { kind: "ignored" };
      return nowMs < state.leaseUntilMs
        ? { kind: "busy", untilMs: state.leaseUntilMs }
        : started;
    case "delivered":
    case "dead":
      return { kind: "ignored" };
    default:
      return state satisfies never;
  }
}

function isRunning(state: DeliveryState, attempt: number): boolean {
  return state.status === "delivering" && state.attempt === attempt;
}

function moved(state: DeliveryState): Transition {
  return { kind: "moved", state };
}

function dead(
  { attempt, attemptsBefore }: DeliveryState,
  reason: "exhausted" | "gone" | "disabled",
  endedAtMs: number,
): DeliveryState {
  return { status: "dead", attempt, attemptsBefore, endedAtMs, reason };
}
