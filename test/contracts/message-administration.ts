import type {
  ServiceBusClient,
  ServiceBusReceivedMessage,
} from "@azure/service-bus";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type MessageAdministration,
  SequenceNumber,
} from "../../shared/messages/message-administration.ts";

/** A namespace with two empty queues of its own, the first of which detects duplicates. */
export interface AdministeredNamespace {
  readonly queues: readonly [first: string, second: string];
  readonly administration: MessageAdministration;
  readonly client: ServiceBusClient;
  close(): Promise<void>;
}

const content = "words that somebody wrote";

/** What every administration does. `open` gives an empty namespace; the suite closes it. */
export function describeMessageAdministrationContract(
  name: string,
  open: () => Promise<AdministeredNamespace>,
): void {
  describe(`message administration: ${name}`, () => {
    let namespace: AdministeredNamespace;
    let administration: MessageAdministration;
    let queue: string;

    beforeEach(async () => {
      namespace = await open();
      ({ administration } = namespace);
      [queue] = namespace.queues;
    });
    afterEach(() => namespace.close());

    const send = (...messageIds: string[]): Promise<void> =>
      namespace.client.createSender(queue).sendMessages(
        messageIds.map((messageId) => ({
          messageId,
          body: { text: content },
          contentType: "application/json",
          correlationId: "c-1",
          applicationProperties: { traceparent: "t", attempt: 3 },
        })),
      );

    const receive = async (
      count: number,
    ): Promise<ServiceBusReceivedMessage[]> => {
      const receiver = namespace.client.createReceiver(queue, {
        receiveMode: "receiveAndDelete",
      });
      const received = await receiver.receiveMessages(count, {
        maxWaitTimeInMs: 2_000,
      });
      await receiver.close();
      return received;
    };

    /** Sends messages and dead-letters each with a reason. */
    const deadLetter = async (
      messageIds: readonly string[],
      deadLetterReason = "MaxDeliveryCountExceeded",
    ): Promise<void> => {
      await send(...messageIds);
      await deadLetterNext(messageIds.length, deadLetterReason);
    };

    const deadLetterNext = async (
      count: number,
      deadLetterReason: string,
    ): Promise<void> => {
      const receiver = namespace.client.createReceiver(queue);
      for (const message of await receiver.receiveMessages(count)) {
        await receiver.deadLetterMessage(message, {
          deadLetterReason,
          deadLetterErrorDescription: content,
        });
      }
      await receiver.close();
    };

    const listed = async (): Promise<SequenceNumber[]> =>
      (await administration.listDeadLetters(queue, { limit: 100 })).map(
        ({ sequenceNumber }) => sequenceNumber,
      );

    it("counts what each queue of the app holds", async () => {
      await deadLetter(["dead"]);
      await send("waiting-1", "waiting-2");
      await namespace.client
        .createSender(queue)
        .scheduleMessages({ body: 1 }, new Date(Date.now() + 3_600_000));
      // Azure's counts follow the messages after a moment.
      await expect
        .poll(() => administration.counts())
        .toEqual([
          { queue, active: 2, scheduled: 1, deadLettered: 1 },
          {
            queue: namespace.queues[1],
            active: 0,
            scheduled: 0,
            deadLettered: 0,
          },
        ]);
    });

    it("shows of a dead letter what is metadata, and nothing that anybody wrote", async () => {
      await deadLetter(["m-1"]);
      await deadLetter([`an id in words: ${content}`], content);
      const found = await administration.listDeadLetters(queue, { limit: 10 });
      const common = {
        sequenceNumber: expect.stringMatching(/^\d+$/) as string,
        enqueuedAt: expect.stringMatching(/^20\d\d-/) as string,
        deliveryCount: expect.any(Number) as number,
      };
      expect(found).toEqual([
        { ...common, messageId: "m-1", reason: "MaxDeliveryCountExceeded" },
        { ...common, reason: "other" },
      ]);
      expect(JSON.stringify(found)).not.toContain(content);
    });

    it("lists dead letters by page, in order", async () => {
      await deadLetter(["m-1", "m-2", "m-3"]);
      const [first, second, third] = await listed();
      if (first === undefined || second === undefined) {
        throw new Error("dead letters are missing");
      }
      const page = async (limit: number, after: SequenceNumber) =>
        (await administration.listDeadLetters(queue, { limit, after })).map(
          ({ sequenceNumber }) => sequenceNumber,
        );
      expect(await page(1, first)).toEqual([second]);
      expect(await page(10, first)).toEqual([second, third]);
      expect(await page(10, SequenceNumber.parse(third))).toEqual([]);
      expect(await page(10, SequenceNumber.parse("0"))).toHaveLength(3);
    });

    it("resubmits one dead letter: the message as it was, without the reason", async () => {
      await deadLetter(["m-1", "m-2", "m-3"]);
      const [first, second, third] = await listed();
      const meant = SequenceNumber.parse(second);
      expect(await administration.resubmit(queue, meant)).toBe(true);
      const [message] = await receive(1);
      expect(message).toMatchObject({
        messageId: `m-2.r${meant}`,
        body: { text: content },
        contentType: "application/json",
        correlationId: "c-1",
        deliveryCount: 0,
      });
      expect(message?.applicationProperties).toEqual({
        traceparent: "t",
        attempt: 3,
      });
      expect(await listed()).toEqual([first, third]);
      expect(await administration.resubmit(queue, meant)).toBe(false);
    });

    it("a copy that an interrupted attempt has sent already is not sent twice", async () => {
      await deadLetter(["m-1"]);
      const [number] = await listed();
      await send(`m-1.r${number}`);
      const meant = SequenceNumber.parse(number);
      expect(await administration.resubmit(queue, meant)).toBe(true);
      expect(await listed()).toEqual([]);
      expect(await receive(2)).toHaveLength(1);
    });

    it("resubmits a copy that has failed again, under an id that does not grow", async () => {
      await deadLetter(["m-1"]);
      expect(await administration.resubmitAll(queue)).toBe(1);
      await deadLetterNext(1, "MaxDeliveryCountExceeded");
      const [number] = await listed();
      expect(await administration.resubmitAll(queue)).toBe(1);
      const [message] = await receive(1);
      expect(message?.messageId).toBe(`m-1.r${number}`);
    });

    it("resubmits all dead letters, more than one page of them", async () => {
      const ids = Array.from({ length: 120 }, (_, i) => `m-${i}`);
      await deadLetter(ids);
      expect(await administration.resubmitAll(queue)).toBe(120);
      expect(await administration.resubmitAll(queue)).toBe(0);
      const received = await receive(120);
      expect(
        received.map(({ messageId }) => String(messageId).split(".")[0]),
      ).toEqual(expect.arrayContaining(ids));
      expect(await listed()).toEqual([]);
    });

    it("resubmits what others sent: any id, any type of body", async () => {
      const sender = namespace.client.createSender(queue);
      const words = `an id in words: ${content}`;
      await sender.sendMessages([
        { body: ["a", 1], bodyType: "sequence", properties: {} },
        { body: { a: 1 }, bodyType: "value", properties: { messageId: words } },
      ] as Parameters<typeof sender.sendMessages>[0]);
      await deadLetterNext(2, "other");
      expect(await administration.resubmitAll(queue)).toBe(2);
      const received = await receive(2);
      expect(
        received.map(({ body, _rawAmqpMessage: { bodyType } }) => [
          bodyType,
          body as unknown,
        ]),
      ).toEqual(
        expect.arrayContaining([
          ["sequence", ["a", 1]],
          ["value", { a: 1 }],
        ]),
      );
      for (const { messageId } of received) {
        expect(messageId).not.toContain(content);
      }
    });

    it("deletes one dead letter for good", async () => {
      await deadLetter(["m-1", "m-2"]);
      const [first, second] = await listed();
      const meant = SequenceNumber.parse(second);
      expect(await administration.deleteDeadLetter(queue, meant)).toBe(true);
      expect(await administration.deleteDeadLetter(queue, meant)).toBe(false);
      expect(await listed()).toEqual([first]);
    });

    it("a dead letter that somebody else works on is left to them", async () => {
      await deadLetter(["m-1"]);
      const [number] = await listed();
      const meant = SequenceNumber.parse(number);
      const other = namespace.client.createReceiver(queue, {
        subQueueType: "deadLetter",
      });
      await other.receiveMessages(1);
      await expect(
        administration.deleteDeadLetter(queue, meant),
      ).rejects.toMatchObject({ code: "service_unavailable" });
      expect(await administration.resubmitAll(queue)).toBe(0);
      expect(await listed()).toEqual([number]);
    });

    it("an empty dead-letter queue has nothing to list, resubmit or delete", async () => {
      const absent = SequenceNumber.parse("7");
      expect(await listed()).toEqual([]);
      expect(
        await administration.listDeadLetters(queue, {
          limit: 1,
          after: absent,
        }),
      ).toEqual([]);
      expect(await administration.resubmit(queue, absent)).toBe(false);
      expect(await administration.resubmitAll(queue)).toBe(0);
      expect(await administration.deleteDeadLetter(queue, absent)).toBe(false);
    });

    it("knows the app's queues only", async () => {
      const absent = SequenceNumber.parse("7");
      const code = "not_found";
      await expect(
        administration.listDeadLetters("nowhere", { limit: 1 }),
      ).rejects.toMatchObject({ code });
      await expect(
        administration.resubmit("nowhere", absent),
      ).rejects.toMatchObject({ code });
      await expect(administration.resubmitAll("nowhere")).rejects.toMatchObject(
        { code },
      );
      await expect(
        administration.deleteDeadLetter("nowhere", absent),
      ).rejects.toMatchObject({ code });
    });
  });
}
