import { describe, expect, it } from "vitest";
import { type ContractBench, leftIn, receiveOne } from "./contract-bench.ts";

/** How messages go on by themselves. */
export function forwardingContract(bench: ContractBench): void {
  describe("auto-forwarding", () => {
    it("a queue hands all its messages on, in order", async () => {
      const { sender } = bench.open("forwarding");
      await sender.sendMessages(
        Array.from({ length: 20 }, (_, body) => ({
          body,
          messageId: `m-${body}`,
          applicationProperties: { own: body },
        })),
      );
      const { receiver } = bench.open("destination");
      const received = await receiver.receiveMessages(20);
      expect(received.map(({ body }) => body as unknown)).toEqual(
        Array.from({ length: 20 }, (_, body) => body),
      );
      expect(received[3]).toMatchObject({
        messageId: "m-3",
        applicationProperties: { own: 3 },
      });
      expect(received[3]?.enqueuedSequenceNumber).toBeDefined();
    });

    it("nobody receives where messages go on", async () => {
      const { receiver } = bench.open("forwarding");
      await expect(receiver.receiveMessages(1)).rejects.toMatchObject({
        name: "ServiceBusError",
      });
    });

    it("a scheduled message goes on when it is due", async () => {
      const { sender } = bench.open("forwarding");
      const { receiver } = bench.open("destination");
      await sender.scheduleMessages(
        { body: "later" },
        new Date(Date.now() + 120_000),
      );
      expect(await leftIn(receiver)).toEqual([]);
      await bench.namespace().elapse(125_000);
      expect((await receiveOne(receiver)).body).toBe("later");
    });

    it("a queue forwards to a topic, and a subscription to a queue", async () => {
      const { sender } = bench.open("forwarding-to-topic");
      await sender.sendMessages({ body: "round", subject: "forward" });
      const { receiver } = bench.open("destination");
      expect((await receiveOne(receiver)).body).toBe("round");
      const all = bench.client().createReceiver("events", "all");
      expect((await receiveOne(all)).body).toBe("round");
    });

    it("dead letters go on with their reason and where they come from", async () => {
      const { sender, receiver } = bench.open("forwarding-dead-letters");
      await sender.sendMessages({ body: "dead" });
      await receiver.deadLetterMessage(await receiveOne(receiver), {
        deadLetterReason: "Because",
        deadLetterErrorDescription: "of that",
      });
      const dead = await receiveOne(bench.open("destination").receiver);
      expect(dead).toMatchObject({
        body: "dead",
        deadLetterReason: "Because",
        deadLetterSource: "forwarding-dead-letters",
      });
    });

    it("a circle ends after four hops, in the transfer dead-letter queue", async () => {
      const { sender } = bench.open("there");
      await sender.sendMessages({ body: "dizzy" });
      const lost = await receiveOne(
        bench.client().createReceiver("there", {
          subQueueType: "transferDeadLetter",
        }),
      );
      expect(lost.body).toBe("dizzy");
      expect(lost.deadLetterReason).toBe("MaxTransferHopCountExceeded");
    });
  });
}
