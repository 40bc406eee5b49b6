import { hash, randomBytes, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { Count, defineMetadata } from "../kernel/metadata.ts";

/** How long the first redemption leaves the result open for reading it again. */
const rereadMs = 5 * 60 * 1000;

/** SHA-256 of a ticket: of 256 random bits, so it needs no key to keep them secret. */
export const TicketHash = z
  .string()
  .regex(/^sha256\.[\w-]{43}$/)
  .brand<"TicketHash">();
export type TicketHash = z.infer<typeof TicketHash>;

/** What is kept of a result ticket. Times are milliseconds since the epoch. */
export const ResultTicket = defineMetadata(
  z.strictObject({
    hash: TicketHash,
    expiresAtMs: Count,
    /** When it was redeemed first. */
    redeemedAtMs: Count.optional(),
  }),
);
export type ResultTicket = z.infer<typeof ResultTicket>;

/** The header in which a ticket travels, out with the delivery and back with the request for the result. */
export const resultTicketHeader = "nucleus-result-ticket";

/** A new ticket: the token for the header, and the record to keep. The token is not kept anywhere. */
export function mintResultTicket({
  expiresAtMs,
}: {
  readonly expiresAtMs: number;
}): {
  readonly token: string;
  readonly ticket: ResultTicket;
} {
  const token = `nrt_${randomBytes(32).toString("base64url")}`;
  return { token, ticket: { hash: hashOf(token), expiresAtMs } };
}

/** By what a presented token is looked up; undefined when it cannot be one. */
export function toTicketHash(token: string): TicketHash | undefined {
  return /^nrt_[\w-]{43}$/.test(token) ? hashOf(token) : undefined;
}

export type Redemption =
  /** Give the result out, after `ticket` was written on condition that the record is unchanged. */
  | { readonly kind: "granted"; readonly ticket: ResultTicket }
  | { readonly kind: "gone" }
  | { readonly kind: "unknown" };

/** Presents a token: good until its expiry, and from its first redemption on for five minutes. */
export function redeemResultTicket(
  ticket: ResultTicket,
  { token, nowMs }: { readonly token: string; readonly nowMs: number },
): Redemption {
  const presented = toTicketHash(token);
  if (presented === undefined || !isSame(presented, ticket.hash))
    return { kind: "unknown" };
  const redeemedAtMs = ticket.redeemedAtMs ?? nowMs;
  if (nowMs >= ticket.expiresAtMs || nowMs >= redeemedAtMs + rereadMs)
    return { kind: "gone" };
  return { kind: "granted", ticket: { ...ticket, redeemedAtMs } };
}

function hashOf(token: string): TicketHash {
  return TicketHash.parse(`sha256.${hash("sha256", token, "base64url")}`);
}

/** Both have the one length of a hash. */
function isSame(left: TicketHash, right: TicketHash): boolean {
  return timingSafeEqual(Buffer.from(left), Buffer.from(right));
}
