import { describe, expect, it } from "vitest";
import {
  type ContractBench,
  leftIn,
  numberOf,
  receiveOne,
  settleAll,
} from "./contract-bench.ts";

/** When messages come, and to whom. */
export function receivingContract(bench: ContractBench): void {
  describe("time", () => {
    it("a scheduled message comes at its time, under a new number", async () => {
      const { sender, receiver } = bench.open();
      const at = new Date(Date.now() + 120_000);
      const [number] = await sender.scheduleMessages({ body: "later" }, at);
      expect(await leftIn(receiver)).toEqual([]);
      await bench.namespace().elapse(125_000);
      const message = await receiveOne(receiver);
      expect(message.body).toBe("later");
      expect(numberOf(message)).not.toBe(number?.toNumber());
    });

    it("scheduledEnqueueTimeUtc on send does the same", async () => {
      const { sender, receiver } = bench.open();
      await sender.sendMessages({
        body: "later",
        scheduledEnqueueTimeUtc: new Date(Date.now() + 120_000),
      });
      expect(await leftIn(receiver)).toEqual([]);
      await bench.namespace().elapse(125_000);
      expect((await receiveOne(receiver)).body).toBe("later");
    });

    it("a cancelled message never comes, and cannot be cancelled twice", async () => {
      const { sender, receiver } = bench.open();
      const at = new Date(Date.now() + 120_000);
      const numbers = await sender.scheduleMessages({ body: 1 }, at);
      await sender.cancelScheduledMessages(numbers);
      await expect(
        sender.cancelScheduledMessages(numbers),
      ).rejects.toMatchObject({ code: "MessageNotFound" });
      await bench.namespace().elapse(125_000);
      expect(await leftIn(receiver)).toEqual([]);
    });

    it("an expired message is dropped", async () => {
      const { sender, receiver } = bench.open();
      await sender.sendMessages({ body: 1, timeToLive: 10_000 });
      await bench.namespace().elapse(11_000);
      expect(await leftIn(receiver)).toEqual([]);
      expect(await leftIn(bench.openDeadLetters())).toEqual([]);
    });

    it("a message tells how long its queue lets it live", async () => {
      const { sender, receiver } = bench.open("short-lived");
      await sender.sendMessages([
        { body: "none" },
        { body: "longer", timeToLive: 90_000 },
        { body: "shorter", timeToLive: 30_000 },
      ]);
      const received = await receiver.receiveMessages(3);
      expect(received[0]?.timeToLive).toBe(60_000);
      const lives = received.map(
        ({ expiresAtUtc, enqueuedTimeUtc }) =>
          Number(expiresAtUtc) - Number(enqueuedTimeUtc),
      );
      expect(lives).toEqual([60_000, 60_000, 30_000]);
    });

    it("an expired message is dead-lettered when its queue says so", async () => {
      const { sender, receiver } = bench.open("dead-letters-expired");
      await sender.sendMessages({ body: "old", timeToLive: 10_000 });
      await bench.namespace().elapse(11_000);
      expect(await leftIn(receiver)).toEqual([]);
      const dead = await receiveOne(
        bench.openDeadLetters("dead-letters-expired"),
      );
      expect(dead.deadLetterReason).toBe("TTLExpiredException");
    });
  });

  describe("receiving", () => {
    it("peek shows active, deferred and scheduled messages without locking them", async () => {
      const { sender, receiver } = bench.open();
      await sender.sendMessages({ body: "deferred" });
      await receiver.deferMessage(await receiveOne(receiver));
      await sender.sendMessages({ body: "active" });
      await sender.scheduleMessages(
        { body: "scheduled" },
        new Date(Date.now() + 120_000),
      );
      const peeked = await receiver.peekMessages(10);
      expect(peeked.map(({ body, state }) => [body as unknown, state])).toEqual(
        [
          ["deferred", "deferred"],
          ["active", "active"],
          ["scheduled", "scheduled"],
        ],
      );
      expect(await receiver.peekMessages(10)).toEqual([]);
      expect((await receiveOne(receiver)).body).toBe("active");
    });

    it("subscribe delivers what comes and completes it", async () => {
      const { sender, receiver } = bench.open();
      const bodies: number[] = [];
      const all = new Promise<void>((resolve, reject) => {
        receiver.subscribe(
          {
            processMessage: (message) => {
              bodies.push(Number(message.body));
              if (bodies.length === 50) resolve();
              return Promise.resolve();
            },
            processError: ({ error }) => {
              reject(error);
              return Promise.resolve();
            },
          },
          { maxConcurrentCalls: 8 },
        );
      });
      for (let i = 0; i < 50; i += 1) await sender.sendMessages({ body: i });
      await all;
      expect(bodies.toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: 50 }, (_, i) => i),
      );
    });

    it("a receiver that asks for more than there is gets what there is", async () => {
      const { sender, receiver } = bench.open();
      await sender.sendMessages([{ body: 1 }, { body: 2 }]);
      const received = await receiver.receiveMessages(10, {
        maxWaitTimeInMs: 100,
      });
      expect(received).toHaveLength(2);
      await settleAll(receiver, received);
      await sender.sendMessages({ body: 3 });
      expect((await receiveOne(receiver)).body).toBe(3);
    });

    it("receivers of one queue share its messages", async () => {
      const { sender, receiver } = bench.open();
      const other = bench.open().receiver;
      const both = Promise.all([
        receiver.receiveMessages(10),
        other.receiveMessages(10),
      ]);
      const batch = Array.from({ length: 20 }, (_, i) => ({ body: i }));
      await sender.sendMessages(batch);
      const [mine, theirs] = await both;
      expect(mine).toHaveLength(10);
      expect(theirs).toHaveLength(10);
      expect(new Set([...mine, ...theirs].map(numberOf)).size).toBe(20);
    });
  });
}
