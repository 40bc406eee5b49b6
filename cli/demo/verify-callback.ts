import { Webhook } from "standardwebhooks";
import type { ReceivedRequest } from "../../local/leaks/sinks.ts";

export interface VerifiedCallback {
  readonly id: string;
  readonly verified: boolean;
  /** Opens the result once. */
  readonly ticket: string | undefined;
}

/** Checks a callback's signature as the Standard Webhooks library does it. */
export function verifyCallback(
  callback: ReceivedRequest,
  secret: string,
): VerifiedCallback {
  const headers = Object.fromEntries(
    Object.entries(callback.headers).map(([name, value]) => [
      name,
      String(value),
    ]),
  );
  const body = Buffer.from(callback.body).toString("utf8");
  return {
    id: headers["webhook-id"] ?? "",
    verified: isSigned(body, headers, secret),
    ticket: headers["nucleus-result-ticket"],
  };
}

function isSigned(
  body: string,
  headers: Record<string, string>,
  secret: string,
): boolean {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
}
