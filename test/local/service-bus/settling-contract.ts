import { describe, expect, it } from "vitest";
import {
  type ContractBench,
  leftIn,
  numberOf,
  receiveOne,
} from "./contract-bench.ts";

/** What becomes of a message that a receiver has got. */
export function settlingContract(bench: ContractBench): void {
  describe("settling", () => {
    it("complete removes the message", async () => {
      const { sender, receiver } = bench.open();
      await sender.sendMessages({ body: 1 });
      await receiver.completeMessage(await receiveOne(receiver));
      expect(await leftIn(receiver)).toEqual([]);
    });

    it("abandon returns it, counted, changed and in its old place", async () => {
      const { sender, receiver } = bench.open();
      await sender.sendMessages([
        { body: 1, applicationProperties: { kept: 1, changed: "a" } },
        { body: 2 },
      ]);
      const first = await receiveOne(receiver);
      await receiver.abandonMessage(first, { changed: "b", added: true });
      const again = await receiveOne(receiver);
      expect(numberOf(again)).toBe(numberOf(first));
      expect(again.deliveryCount).toBe(1);
      expect(again.applicationProperties).toEqual({
        kept: 1,
        changed: "b",
        added: true,
      });
    });

    it("the last allowed delivery ends in the dead-letter queue", async () => {
      const { sender, receiver } = bench.open("two-deliveries");
      await sender.sendMessages({ body: "poison" });
      await receiver.abandonMessage(await receiveOne(receiver));
      await receiver.abandonMessage(await receiveOne(receiver));
      expect(await leftIn(receiver)).toEqual([]);
      const dead = await receiveOne(bench.openDeadLetters("two-deliveries"));
      expect(dead.body).toBe("poison");
      expect(dead.deadLetterReason).toBe("MaxDeliveryCountExceeded");
      expect(dead.deliveryCount).toBe(2);
    });

    it("dead-letter keeps reason, description and properties", async () => {
      const { sender, receiver } = bench.open();
      await sender.sendMessages({ body: 1, applicationProperties: { own: 1 } });
      await receiver.deadLetterMessage(await receiveOne(receiver), {
        deadLetterReason: "Because",
        deadLetterErrorDescription: "of that",
        custom: 5,
      });
      const deadLetters = bench.openDeadLetters();
      const dead = await receiveOne(deadLetters);
      expect(dead.deadLetterReason).toBe("Because");
      expect(dead.deadLetterErrorDescription).toBe("of that");
      expect(dead.applicationProperties).toMatchObject({ own: 1, custom: 5 });
      await deadLetters.completeMessage(dead);
      expect(await leftIn(deadLetters)).toEqual([]);
    });

    it("a deferred message comes only when asked for by its number", async () => {
      const { sender, receiver } = bench.open();
      await sender.sendMessages({ body: "later" });
      const first = await receiveOne(receiver);
      await receiver.deferMessage(first, { why: "not yet" });
      expect(await leftIn(receiver)).toEqual([]);
      const number = first.sequenceNumber;
      if (number === undefined) throw new Error("no sequence number");
      const [deferred] = await receiver.receiveDeferredMessages(number);
      if (deferred === undefined) throw new Error("nothing deferred");
      expect(deferred.applicationProperties).toEqual({ why: "not yet" });
      expect(deferred.state).toBe("deferred");
      await receiver.completeMessage(deferred);
      await expect(
        receiver.receiveDeferredMessages(number),
      ).rejects.toMatchObject({ code: "MessageNotFound" });
    });

    it("settles a message after its receiver has closed", async () => {
      const { sender, receiver } = bench.open();
      await sender.sendMessages({ body: 1 });
      const message = await receiveOne(receiver);
      await receiver.close();
      const other = bench.open().receiver;
      await other.completeMessage(message);
      await bench.namespace().elapse(61_000);
      expect(await leftIn(other)).toEqual([]);
    });

    it("receiveAndDelete removes at once", async () => {
      const { sender, receiver } = bench.open();
      await sender.sendMessages([{ body: 1 }, { body: 2 }]);
      const taking = bench.client().createReceiver("plain", {
        receiveMode: "receiveAndDelete",
      });
      expect(await taking.receiveMessages(2)).toHaveLength(2);
      expect(await leftIn(receiver)).toEqual([]);
    });
  });

  describe("locks", () => {
    it("an expired lock returns the message and refuses the late complete", async () => {
      const { sender, receiver } = bench.open();
      await sender.sendMessages({ body: 1 });
      const first = await receiveOne(receiver);
      await bench.namespace().elapse(61_000);
      const again = await receiveOne(bench.open().receiver);
      expect(again.deliveryCount).toBe(1);
      expect(again.lockToken).not.toBe(first.lockToken);
      await expect(receiver.completeMessage(first)).rejects.toMatchObject({
        code: "MessageLockLost",
      });
    });

    it("a renewed lock holds for another duration", async () => {
      const { sender, receiver } = bench.open();
      await sender.sendMessages({ body: 1 });
      const message = await receiveOne(receiver);
      await bench.namespace().elapse(40_000);
      const until = await receiver.renewMessageLock(message);
      expect(until.getTime()).toBeGreaterThan(
        (message.lockedUntilUtc?.getTime() ?? Infinity) - 60_000,
      );
      await bench.namespace().elapse(40_000);
      await receiver.completeMessage(message);
      expect(await leftIn(receiver)).toEqual([]);
    });

    it("a lost lock cannot be renewed", async () => {
      const { sender, receiver } = bench.open();
      await sender.sendMessages({ body: 1 });
      const message = await receiveOne(receiver);
      await bench.namespace().elapse(61_000);
      await expect(receiver.renewMessageLock(message)).rejects.toMatchObject({
        code: "MessageLockLost",
      });
    });
  });
}
