import type { ServiceBusSessionReceiver } from "@azure/service-bus";
import { describe, expect, it } from "vitest";
import { type ContractBench, leftIn, receiveOne } from "./contract-bench.ts";

const QUEUE = "sessions";

/** What sessions are to their receivers. */
export function sessionsContract(bench: ContractBench): void {
  const send = (...sessionIds: readonly string[]): Promise<void> =>
    bench
      .client()
      .createSender(QUEUE)
      .sendMessages(sessionIds.map((sessionId, body) => ({ sessionId, body })));
  const accept = (sessionId: string): Promise<ServiceBusSessionReceiver> =>
    bench.client().acceptSession(QUEUE, sessionId, {
      maxAutoLockRenewalDurationInMs: 0,
    });
  const acceptNext = (): Promise<ServiceBusSessionReceiver> =>
    bench.client().acceptNextSession(QUEUE, {
      maxAutoLockRenewalDurationInMs: 0,
    });
  const bodiesOf = async (
    receiver: ServiceBusSessionReceiver,
    count: number,
  ): Promise<unknown[]> => {
    const messages = await receiver.receiveMessages(count);
    return messages.map(({ body }) => body as unknown);
  };

  describe("sessions", () => {
    it("the holder of a session gets its messages, in order, and no others", async () => {
      await send("a", "b", "a", "b", "a");
      const receiver = await accept("a");
      expect(receiver.sessionId).toBe("a");
      expect(receiver.sessionLockedUntilUtc.getTime()).toBeGreaterThan(
        Date.now(),
      );
      const messages = await receiver.receiveMessages(5);
      expect(messages.map(({ body }) => body as unknown)).toEqual([0, 2, 4]);
      expect(messages.map(({ sessionId }) => sessionId)).toEqual([
        "a",
        "a",
        "a",
      ]);
      await Promise.all(messages.map((m) => receiver.completeMessage(m)));
      expect(await receiver.peekMessages(10)).toEqual([]);
      expect(await leftIn(receiver)).toEqual([]);
    });

    it("a message that comes while the session is held goes to the holder", async () => {
      const receiver = await accept("later");
      const received = receiver.receiveMessages(1);
      await send("other", "later");
      expect((await received).map(({ body }) => body as unknown)).toEqual([1]);
    });

    it("an abandoned message comes again before those behind it", async () => {
      await send("a", "a");
      const receiver = await accept("a");
      await receiver.abandonMessage(await receiveOne(receiver));
      const again = await receiveOne(receiver);
      expect(again.body).toBe(0);
      expect(again.deliveryCount).toBe(1);
    });

    it("a session has one holder", async () => {
      const receiver = await accept("a");
      await expect(accept("a")).rejects.toMatchObject({
        code: "SessionCannotBeLocked",
      });
      await receiver.close();
      await (await accept("a")).close();
    });

    it("the next session is one that has messages and no holder", async () => {
      await send("a", "b", "b");
      const first = await acceptNext();
      const second = await acceptNext();
      expect([first.sessionId, second.sessionId]).toEqual(["a", "b"]);
      expect(await bodiesOf(second, 2)).toEqual([1, 2]);
    });

    it("who asks for the next session waits until there is one", async () => {
      const waiting = acceptNext();
      await send("late");
      expect((await waiting).sessionId).toBe("late");
    });

    it("who waits in vain is told that the time is up", async () => {
      const impatient = bench.namespace().connect({
        retryOptions: { maxRetries: 0, timeoutInMs: 3_000 },
      });
      const refused = impatient.acceptNextSession(QUEUE).then(
        () => undefined,
        (error: unknown) => error,
      );
      const over = new AbortController();
      void refused.then(() => over.abort());
      // Time counts from when its link is known to the namespace, which may be after the first round.
      while (!over.signal.aborted) {
        await impatient.createReceiver("plain").peekMessages(1);
        await bench.namespace().elapse(3_500);
      }
      expect(await refused).toMatchObject({ code: "ServiceTimeout" });
      await impatient.close();
    });

    it("closing gives the session and its messages back, uncounted", async () => {
      await send("a");
      const first = await accept("a");
      expect((await receiveOne(first)).deliveryCount).toBe(0);
      await first.close();
      const second = await acceptNext();
      const message = await receiveOne(second);
      expect(message.deliveryCount).toBe(0);
      await second.completeMessage(message);
    });

    it("a lost lock ends the receiver, and counts its deliveries", async () => {
      await send("a");
      const first = await accept("a");
      const message = await receiveOne(first);
      await bench.namespace().elapse(61_000);
      const second = await acceptNext();
      expect((await receiveOne(second)).deliveryCount).toBe(1);
      await expect(first.completeMessage(message)).rejects.toMatchObject({
        code: "SessionLockLost",
      });
      await expect(first.renewSessionLock()).rejects.toMatchObject({
        code: "SessionLockLost",
      });
    });

    it("a renewed lock holds for the session and all its messages", async () => {
      await send("a");
      const receiver = await accept("a");
      const message = await receiveOne(receiver);
      await bench.namespace().elapse(40_000);
      const until = await receiver.renewSessionLock();
      expect(until.getTime()).toBeGreaterThan(
        (message.lockedUntilUtc?.getTime() ?? Infinity) + 30_000,
      );
      await bench.namespace().elapse(40_000);
      await receiver.completeMessage(message);
      expect(await leftIn(receiver)).toEqual([]);
    });

    it("its state outlives its holders and its messages, until it is taken away", async () => {
      const first = await accept("a");
      expect(await first.getSessionState()).toBeNull();
      await first.setSessionState({ step: 1 });
      await first.close();
      const second = await accept("a");
      expect(await second.getSessionState()).toEqual({ step: 1 });
      await second.setSessionState(null);
      expect(await second.getSessionState()).toBeNull();
      const other = await accept("b");
      expect(await other.getSessionState()).toBeNull();
    });

    it("deferred messages belong to their session", async () => {
      await send("a");
      const receiver = await accept("a");
      const message = await receiveOne(receiver);
      await receiver.deferMessage(message);
      const number = message.sequenceNumber;
      if (number === undefined) throw new Error("no sequence number");
      const other = await accept("b");
      await expect(other.receiveDeferredMessages(number)).rejects.toMatchObject(
        { code: "MessageNotFound" },
      );
      const [deferred] = await receiver.receiveDeferredMessages(number);
      if (deferred === undefined) throw new Error("nothing deferred");
      await receiver.completeMessage(deferred);
    });

    it("a scheduled message joins its session at its time", async () => {
      const sender = bench.client().createSender(QUEUE);
      await sender.scheduleMessages(
        { body: "later", sessionId: "s" },
        new Date(Date.now() + 120_000),
      );
      await bench.namespace().elapse(125_000);
      const receiver = await acceptNext();
      expect(receiver.sessionId).toBe("s");
      expect((await receiveOne(receiver)).body).toBe("later");
    });

    it("dead letters are received without a session", async () => {
      await send("a");
      const receiver = await accept("a");
      await receiver.abandonMessage(await receiveOne(receiver));
      await receiver.abandonMessage(await receiveOne(receiver));
      const dead = await receiveOne(bench.openDeadLetters(QUEUE));
      expect(dead.deadLetterReason).toBe("MaxDeliveryCountExceeded");
      expect(dead.sessionId).toBe("a");
    });

    it("a message without a session is refused", async () => {
      const sender = bench.client().createSender(QUEUE);
      const refusal = {
        message: expect.stringContaining("SessionId") as string,
      };
      await expect(sender.sendMessages({ body: 1 })).rejects.toMatchObject(
        refusal,
      );
      await expect(
        sender.scheduleMessages({ body: 1 }, new Date(Date.now() + 60_000)),
      ).rejects.toMatchObject(refusal);
    });

    it("who does not say which kind of receiver it needs is refused", async () => {
      const plain = bench.client().createReceiver(QUEUE);
      await expect(plain.receiveMessages(1)).rejects.toThrow(
        /requires sessions/,
      );
      await expect(bench.client().acceptNextSession("plain")).rejects.toThrow(
        /does not require sessions/,
      );
    });
  });
}
