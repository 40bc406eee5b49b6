import type { Delivery, Typed } from "rhea";
import type { Settlement } from "../lane-moves.ts";
import {
  type MapEntry,
  toMapEntries,
  withApplicationProperties,
} from "./message-codec.ts";
import { amqpMessages, outcomeFields } from "./rhea-internals.ts";

export type OutcomeName = "accepted" | "rejected" | "released" | "modified";

type Outcome = ReturnType<typeof amqpMessages.accepted>;

/**
 * What a client's outcome means to the queue, and the outcome that confirms it. A dead-lettering is confirmed by
 * `rejected` without an error: with one, the client would take it for a failure.
 */
export function toSettlement(
  name: OutcomeName,
  delivery: Delivery,
): { readonly settlement: Settlement; readonly outcome: Outcome } {
  const fields = outcomeFields(delivery);
  switch (name) {
    case "accepted":
      return {
        settlement: { event: "complete" },
        outcome: amqpMessages.accepted(),
      };
    case "released":
      return {
        settlement: { event: "release" },
        outcome: amqpMessages.modified({}),
      };
    case "rejected": {
      const error = fields[0]?.value as readonly Typed[] | null | undefined;
      return {
        settlement: edited("deadLetter", toMapEntries(error?.[2])),
        outcome: amqpMessages.rejected(),
      };
    }
    case "modified": {
      const isDeferred = fields[1]?.value === true;
      return {
        settlement: edited(
          isDeferred ? "defer" : "abandon",
          toMapEntries(fields[2]),
        ),
        outcome: amqpMessages.modified({ undeliverable_here: isDeferred }),
      };
    }
    default:
      return name satisfies never;
  }
}

/** A settlement that also sets application properties. */
export function edited(
  event: "abandon" | "defer" | "deadLetter",
  entries: readonly MapEntry[],
): Settlement {
  if (entries.length === 0) return { event };
  return {
    event,
    edit: (content) => withApplicationProperties(content, entries),
  };
}
