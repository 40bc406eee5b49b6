import { expect, test } from "vitest";
import { createCore, openPorts, tag } from "../../support/core.ts";
import { codeOf } from "../../support/safe-fixture.ts";
import { allOf } from "../../support/stored.ts";

const minuteMs = 60_000;
const job = { tenantId: tag("t1"), jobId: tag("job-1") };

function open() {
  const ports = openPorts();
  const { tickets } = createCore(ports);
  const mint = () => tickets.mint(job, ports.clock.now() + 60 * minuteMs);
  return { ports, clock: ports.clock, tickets, mint };
}

test("a ticket opens its job once, and for five minutes more", async () => {
  const { clock, tickets, mint } = open();
  const ticket = await mint();
  clock.advance(50 * minuteMs);
  expect(await tickets.redeem(job.jobId, ticket)).toBe("t1");
  clock.advance(5 * minuteMs - 1);
  expect(await tickets.redeem(job.jobId, ticket)).toBe("t1");
  clock.advance(1);
  expect(await codeOf(tickets.redeem(job.jobId, ticket))).toBe("result_gone");
});

test("of many redemptions at once all are the first, and none opens a later window", async () => {
  const { clock, tickets, mint } = open();
  const ticket = await mint();
  const redeem = () => tickets.redeem(job.jobId, ticket);
  expect(await Promise.all([redeem(), redeem(), redeem()])).toEqual([
    "t1",
    "t1",
    "t1",
  ]);
  clock.advance(4 * minuteMs);
  await redeem();
  clock.advance(minuteMs);
  expect(await codeOf(redeem())).toBe("result_gone");
});

test("a ticket that was never used ends with its result", async () => {
  const { clock, tickets, mint } = open();
  const ticket = await mint();
  clock.advance(60 * minuteMs);
  expect(await codeOf(tickets.redeem(job.jobId, ticket))).not.toBe("ok");
});

test("nothing that is kept of a ticket opens anything", async () => {
  const { ports, tickets, mint } = open();
  const ticket = await mint();
  const [, token = ""] = ticket.split(".");
  const [stored] = await allOf(ports, "ticket");
  expect(JSON.stringify(stored)).not.toContain(token);
  for (const guess of [
    stored?.hash ?? "",
    token,
    `dDE.${stored?.hash}`,
    "",
    ".",
  ])
    expect(await codeOf(tickets.redeem(job.jobId, guess))).toBe(
      "ticket_invalid",
    );
});

test("another job's ticket, and another tenant's, is none", async () => {
  const { tickets, mint } = open();
  const ticket = await mint();
  expect(await codeOf(tickets.redeem(tag("job-2"), ticket))).toBe(
    "ticket_invalid",
  );
  const [, token] = ticket.split(".");
  const elsewhere = `${Buffer.from("t2").toString("base64url")}.${token}`;
  expect(await codeOf(tickets.redeem(job.jobId, elsewhere))).toBe(
    "ticket_invalid",
  );
});
