import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { amqpMessages } from "../../../local/service-bus/amqp/rhea-internals.ts";
import { openMessageQueue } from "../../../local/service-bus/message-queue.ts";
import { createMessageStore } from "../../../local/service-bus/message-store.ts";
import {
  SERVICE_BUS_APPLICATION_ID,
  serviceBusMigrations,
} from "../../../local/service-bus/migrations.ts";
import type { HeldSession } from "../../../local/service-bus/session-desk.ts";
import { createTimers } from "../../../local/service-bus/timers.ts";
import { openDatabase } from "../../../shared/storage/open-database.ts";
import { createVirtualClock } from "./virtual-clock.ts";

const LOCK_MS = 5_000;
const sessionIds = ["a", "b", "c"] as const;

const operation = fc.record({
  kind: fc.constantFrom(
    ...(["send", "send", "accept", "receive", "receive", "settle"] as const),
    ...(["settle", "renew", "release", "advance"] as const),
  ),
  sessionId: fc.constantFrom(...sessionIds),
  pick: fc.nat(),
  event: fc.constantFrom("complete", "complete", "abandon"),
  ms: fc.integer({ min: 1, max: 4_000 }),
});

/** A message that was handed out and is not settled. */
interface Receipt {
  readonly token: string;
  readonly id: number;
  readonly session: HeldSession;
}

function createBench() {
  const clock = createVirtualClock(1_000_000);
  const database = openDatabase({
    file: ":memory:",
    applicationId: SERVICE_BUS_APPLICATION_ID,
    migrations: serviceBusMigrations,
  });
  const queue = openMessageQueue({
    definition: {
      name: "q",
      lockDurationMs: LOCK_MS,
      maxDeliveryCount: 1_000,
      requiresSession: true,
    },
    store: createMessageStore(database),
    timers: createTimers(clock, (step) => step()),
    now: () => clock.now(),
    transact: (step) => step(),
    intakeOf(name) {
      throw new RangeError(name);
    },
  });
  const { sessions } = queue.main;
  if (sessions === undefined) throw new Error("The queue has sessions.");
  return { clock, database, lane: queue.main.lane, queue, sessions };
}

describe("the sessions of a queue", () => {
  it("have one holder at a time, who gets each message in its turn, and lose none", () => {
    fc.assert(
      fc.property(
        fc.array(operation, { minLength: 20, maxLength: 120 }),
        (operations) => {
          const { clock, database, lane, queue, sessions } = createBench();
          const waiting = new Map<string, number[]>(
            sessionIds.map((id) => [id, []]),
          );
          const holders = new Map<string, HeldSession>();
          let receipts: Receipt[] = [];
          let sent = 0;

          const check = (actual: unknown, expected: unknown): void => {
            expect(actual).toBe(expected);
          };
          const end = (sessionId: string): void => {
            const session = holders.get(sessionId);
            holders.delete(sessionId);
            receipts = receipts.filter((one) => one.session !== session);
          };
          const receive = (sessionId: string): void => {
            const session = holders.get(sessionId);
            if (session === undefined) return;
            const message = lane.next("lock", session);
            const locked = new Set(receipts.map(({ id }) => id));
            const due = waiting.get(sessionId)?.find((id) => !locked.has(id));
            const id =
              message &&
              Number(amqpMessages.decode(message.content)["message_id"]);
            expect(id).toBe(due);
            if (id === undefined || message?.lock === undefined) return;
            expect(message.lock.until).toBe(session.until);
            receipts.push({ token: message.lock.token, id, session });
          };

          for (const { kind, sessionId, pick, event, ms } of operations) {
            switch (kind) {
              case "send": {
                sent += 1;
                const messageId = String(sent);
                queue.send([
                  {
                    content: amqpMessages.encode({ message_id: messageId }),
                    messageId,
                    ttlMs: undefined,
                    scheduledFor: undefined,
                    sessionId,
                  },
                ]);
                waiting.get(sessionId)?.push(sent);
                break;
              }
              case "accept": {
                const session = sessions.accept(sessionId, {
                  linkName: sessionId,
                  onLost: () => end(sessionId),
                });
                check(session === undefined, holders.has(sessionId));
                if (session !== undefined) holders.set(sessionId, session);
                break;
              }
              case "receive":
                receive(sessionId);
                break;
              case "settle": {
                const receipt = receipts[pick % (receipts.length || 1)];
                const isSettled = lane.settle(receipt?.token ?? "", {
                  event: event === "abandon" ? "abandon" : "complete",
                });
                check(isSettled, receipt !== undefined);
                receipts = receipts.filter((one) => one !== receipt);
                if (event === "abandon" || receipt === undefined) break;
                const left = waiting.get(receipt.session.sessionId) ?? [];
                left.splice(left.indexOf(receipt.id), 1);
                break;
              }
              case "renew": {
                const session = holders.get(sessionId);
                if (session === undefined) break;
                check(sessions.renew(session), clock.now() + LOCK_MS);
                break;
              }
              case "release":
                holders.get(sessionId)?.release();
                end(sessionId);
                break;
              case "advance":
                clock.advance(ms);
                break;
              default:
                kind satisfies never;
            }
            const all = [...waiting.values()].flat();
            expect(lane.size).toBe(all.length);
            expect(lane.counts.locked).toBe(receipts.length);
          }
          database.close();
        },
      ),
      { numRuns: 300, seed: 31 },
    );
  });
});
