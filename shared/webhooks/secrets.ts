import { randomBytes } from "node:crypto";

const secretBytes = 32;

/** A new signing secret for one endpoint, as Standard Webhooks writes it: `whsec_` and base64. */
export function newWebhookSecret(): string {
  return `whsec_${randomBytes(secretBytes).toString("base64")}`;
}
