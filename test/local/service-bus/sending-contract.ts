import { describe, expect, it } from "vitest";
import {
  type ContractBench,
  numberOf,
  receiveOne,
  settleAll,
} from "./contract-bench.ts";

/** What a sender may rely on. */
export function sendingContract(bench: ContractBench): void {
  describe("sending", () => {
    it("hands on every property of a message as it was sent", async () => {
      const { sender, receiver } = bench.open();
      const sent = {
        body: { nested: [1, "two", { three: true }] },
        messageId: "m-1",
        contentType: "application/json",
        subject: "a subject",
        correlationId: "c-1",
        to: "somewhere",
        replyTo: "elsewhere",
        replyToSessionId: "s-2",
        partitionKey: "p-1",
        timeToLive: 3_600_000,
        applicationProperties: {
          int: 7,
          negative: -7,
          large: 2 ** 40,
          fraction: 1.5,
          yes: true,
          no: false,
          text: "täxt",
          nothing: null,
        },
      };
      await sender.sendMessages(sent);
      const message = await receiveOne(receiver);
      expect(message).toMatchObject(sent);
      expect(message.deliveryCount).toBe(0);
      expect(message.state).toBe("active");
      expect(message.enqueuedTimeUtc).toBeInstanceOf(Date);
      expect(message.lockedUntilUtc).toBeInstanceOf(Date);
    });

    it("hands on text, binary and empty bodies", async () => {
      const { sender, receiver } = bench.open();
      const bodies = [
        "text",
        Buffer.from([0, 1, 255]),
        null,
        "x".repeat(200_000),
      ];
      for (const body of bodies) await sender.sendMessages({ body });
      const received = await receiver.receiveMessages(bodies.length);
      expect(received.map((message) => message.body as unknown)).toEqual(
        bodies,
      );
    });

    it("gives an id to a message that has none", async () => {
      const { sender, receiver } = bench.open();
      await sender.sendMessages({ body: 1 });
      expect((await receiveOne(receiver)).messageId).toEqual(
        expect.any(String),
      );
    });

    it("takes a batch whole and keeps its order", async () => {
      const { sender, receiver } = bench.open();
      const batch = await sender.createMessageBatch();
      for (let i = 0; i < 100; i += 1) batch.tryAddMessage({ body: i });
      await sender.sendMessages(batch);
      const received = await receiver.receiveMessages(100);
      expect(received.map((message) => Number(message.body))).toEqual(
        Array.from({ length: 100 }, (_, i) => i),
      );
    });

    it("numbers messages in the order of arrival", async () => {
      const { sender, receiver } = bench.open();
      for (let i = 0; i < 5; i += 1) await sender.sendMessages({ body: i });
      const numbers = (await receiver.receiveMessages(5)).map(numberOf);
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
      expect(new Set(numbers).size).toBe(5);
    });

    it("refuses a message over 256 KB and goes on with the next", async () => {
      const { sender, receiver } = bench.open();
      await expect(
        sender.sendMessages({ body: Buffer.alloc(300_000) }),
      ).rejects.toMatchObject({ code: "MessageSizeExceeded" });
      await sender.sendMessages({ body: "small" });
      expect((await receiveOne(receiver)).body).toBe("small");
    });

    it("names an entity that is not there", async () => {
      const sender = bench.client().createSender("nowhere");
      await expect(sender.sendMessages({ body: 1 })).rejects.toMatchObject({
        code: "MessagingEntityNotFound",
      });
      const receiver = bench.client().createReceiver("nowhere");
      await expect(receiver.receiveMessages(1)).rejects.toMatchObject({
        code: "MessagingEntityNotFound",
      });
    });

    it("drops a second message with the same id within the window, and only there", async () => {
      const { sender, receiver } = bench.open("deduplicating");
      await sender.sendMessages({ messageId: "once", body: 1 });
      await sender.sendMessages({ messageId: "once", body: 2 });
      await sender.sendMessages({ messageId: "other", body: 3 });
      const first = await receiver.receiveMessages(2);
      expect(first.map((message) => Number(message.body))).toEqual([1, 3]);
      await settleAll(receiver, first);
      await bench.namespace().elapse(61_000);
      await sender.sendMessages({ messageId: "once", body: 4 });
      expect((await receiveOne(receiver)).body).toBe(4);
    });
  });
}
