import type { RecordStore } from "../documents/kinds.ts";
import type { JobKey } from "../jobs/job-records.ts";
import type { Now } from "../kernel/clock.ts";
import { NucleusError } from "../kernel/errors.ts";
import { Tag } from "../kernel/metadata.ts";
import {
  mintResultTicket,
  redeemResultTicket,
  toTicketHash,
} from "./result-ticket.ts";

/** Result tickets as they travel: `{tenant}.{token}`, the tenant in base64url, so that the bearer needs no token. */
export interface ResultTickets {
  mint(job: JobKey, expiresAtMs: number): Promise<string>;
  /**
   * The tenant whose job's result the ticket opens.
   *
   * @throws NucleusError ticket_invalid for what is no ticket of this job, result_gone for one that is used up
   */
  redeem(jobId: Tag, presented: string): Promise<Tag>;
}

export function createResultTickets(options: {
  readonly store: RecordStore;
  readonly now: Now;
}): ResultTickets {
  const { store, now } = options;
  return {
    async mint({ tenantId, jobId }, expiresAtMs) {
      const { token, ticket } = mintResultTicket({ expiresAtMs });
      await store.batch({ tenantId, scope: jobId }, [
        {
          op: "create",
          kind: "ticket",
          id: idOf(ticket.hash),
          document: ticket,
          ttlSeconds: Math.max(1, Math.ceil((expiresAtMs - now()) / 1000)),
        },
      ]);
      return `${Buffer.from(tenantId).toString("base64url")}.${token}`;
    },
    async redeem(jobId, presented) {
      const [encodedTenant = "", token = ""] = presented.split(".");
      const tenantId = Tag.safeParse(
        Buffer.from(encodedTenant, "base64url").toString(),
      );
      const ticketHash = toTicketHash(token);
      if (!tenantId.success || ticketHash === undefined)
        throw new NucleusError("ticket_invalid");
      const partition = { tenantId: tenantId.data, scope: jobId };
      for (;;) {
        const stored = await store.read("ticket", partition, idOf(ticketHash));
        if (!stored) throw new NucleusError("ticket_invalid");
        const redemption = redeemResultTicket(stored.document, {
          token,
          nowMs: now(),
        });
        if (redemption.kind === "unknown")
          throw new NucleusError("ticket_invalid");
        if (redemption.kind === "gone") throw new NucleusError("result_gone");
        if (stored.document.redeemedAtMs !== undefined) return tenantId.data;
        const { ticket } = redemption;
        const outcome = await store.batch(partition, [
          {
            op: "replace",
            kind: "ticket",
            id: idOf(ticketHash),
            ifMatch: stored.etag,
            document: ticket,
            ttlSeconds: Math.max(
              1,
              Math.ceil((ticket.expiresAtMs - now()) / 1000),
            ),
          },
        ]);
        if (outcome.ok) return tenantId.data;
      }
    },
  };
}

function idOf(ticketHash: string): Tag {
  return Tag.parse(`ticket:${ticketHash}`);
}
