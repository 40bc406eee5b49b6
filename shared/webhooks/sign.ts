import { Webhook } from "standardwebhooks";
import type { Tag } from "../kernel/metadata.ts";

/** The headers of Standard Webhooks 1.0.0. */
export interface DeliveryHeaders {
  readonly "webhook-id": string;
  readonly "webhook-timestamp": string;
  readonly "webhook-signature": string;
}

interface Unsigned {
  /** The same in each attempt: receivers deduplicate by it. */
  readonly deliveryId: Tag;
  /** Of this attempt. */
  readonly timestampSeconds: number;
  /** Exactly the text that is sent. */
  readonly body: string;
  /** `whsec_…`; while a secret is rotated, the new and the old one. */
  readonly secrets: readonly [current: string, previous?: string];
}

/** Signs one attempt of a delivery with each secret. */
export function signDelivery({
  deliveryId,
  timestampSeconds,
  body,
  secrets,
}: Unsigned): DeliveryHeaders {
  // Id, time and body are joined with dots before they are signed.
  if (deliveryId.includes("."))
    throw new RangeError("A delivery id must not contain a dot.");
  const at = new Date(timestampSeconds * 1000);
  return {
    "webhook-id": deliveryId,
    "webhook-timestamp": String(timestampSeconds),
    "webhook-signature": secrets
      .filter((secret) => secret !== undefined)
      .map((secret) => new Webhook(secret).sign(deliveryId, at, body))
      .join(" "),
  };
}
