import { expect, test } from "vitest";
import {
  mintResultTicket,
  redeemResultTicket,
  ResultTicket,
  toTicketHash,
} from "../../../shared/webhooks/result-ticket.ts";

const hour = 3_600_000;
const minute = 60_000;

test("a ticket is 256 random bits, and its record says nothing of them", () => {
  const { token, ticket } = mintResultTicket({ expiresAtMs: hour });
  expect(token).toMatch(/^nrt_[\w-]{43}$/);
  expect(mintResultTicket({ expiresAtMs: hour }).token).not.toBe(token);
  expect(ResultTicket.parse(ticket)).toEqual(ticket);
  expect(JSON.stringify(ticket)).not.toContain(token.slice(4));
  expect(toTicketHash(token)).toBe(ticket.hash);
});

test("the first redemption opens five minutes for reading again, then it is gone", () => {
  const { token, ticket } = mintResultTicket({ expiresAtMs: 24 * hour });
  const first = redeemResultTicket(ticket, { token, nowMs: 10 * hour });
  if (first.kind !== "granted") throw new Error("not granted");
  expect(first.ticket.redeemedAtMs).toBe(10 * hour);

  const at = (nowMs: number): string =>
    redeemResultTicket(first.ticket, { token, nowMs }).kind;
  expect(at(10 * hour + 5 * minute - 1)).toBe("granted");
  expect(at(10 * hour + 5 * minute)).toBe("gone");

  const second = redeemResultTicket(first.ticket, {
    token,
    nowMs: 10 * hour + minute,
  });
  expect(second).toEqual(first);
});

test("an unused ticket is good until it expires, a used one no longer than that", () => {
  const { token, ticket } = mintResultTicket({ expiresAtMs: hour });
  const at = (record: ResultTicket, nowMs: number): string =>
    redeemResultTicket(record, { token, nowMs }).kind;
  expect(at(ticket, hour - 1)).toBe("granted");
  expect(at(ticket, hour)).toBe("gone");
  const used = { ...ticket, redeemedAtMs: hour - minute };
  expect(at(used, hour - 1)).toBe("granted");
  expect(at(used, hour)).toBe("gone");
});

test("another token, or what is none, is unknown", () => {
  const { ticket } = mintResultTicket({ expiresAtMs: hour });
  const other = mintResultTicket({ expiresAtMs: hour });
  for (const token of [other.token, "", "nrt_", ticket.hash, "nrt_ä"]) {
    expect(redeemResultTicket(ticket, { token, nowMs: 0 }).kind).toBe(
      "unknown",
    );
  }
  expect(toTicketHash("nrt_short")).toBeUndefined();
});
