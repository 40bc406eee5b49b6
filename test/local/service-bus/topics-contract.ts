import type {
  RuleProperties,
  ServiceBusMessage,
  ServiceBusReceiver,
  ServiceBusRuleManager,
} from "@azure/service-bus";
import { describe, expect, it } from "vitest";
import {
  type ContractBench,
  contractTopics,
  leftIn,
  numberOf,
  receiveOne,
} from "./contract-bench.ts";

const TOPIC = contractTopics.events.name;
type SubscriptionName =
  (typeof contractTopics.events.subscriptions)[number]["name"];

/** What topics, their subscriptions and the rules of these do. */
export function topicsContract(bench: ContractBench): void {
  const publish = (...messages: readonly ServiceBusMessage[]): Promise<void> =>
    bench
      .client()
      .createSender(TOPIC)
      .sendMessages([...messages]);
  const open = (name: SubscriptionName): ServiceBusReceiver =>
    bench.client().createReceiver(TOPIC, name);
  const rulesOf = (name: SubscriptionName): ServiceBusRuleManager =>
    bench.client().createRuleManager(TOPIC, name);
  const listRules = async (
    name: SubscriptionName,
  ): Promise<RuleProperties[]> => {
    const listed: RuleProperties[] = [];
    for await (const rule of rulesOf(name).listRules()) listed.push(rule);
    return listed;
  };
  const bodiesIn = async (name: SubscriptionName): Promise<unknown[]> => {
    const messages = await open(name).peekMessages(100);
    return messages.map(({ body }) => body as unknown);
  };

  describe("topics", () => {
    it("each subscription gets its own copy", async () => {
      await publish({
        body: "all of you",
        subject: "order",
        applicationProperties: { region: "N", size: 12 },
      });
      const receiver = open("all");
      await receiver.completeMessage(await receiveOne(receiver));
      expect(await leftIn(receiver)).toEqual([]);
      expect((await receiveOne(open("large"))).body).toBe("all of you");
      expect((await receiveOne(open("north"))).body).toBe("all of you");
    });

    it("a copy has a number of its own, and the topic's beside it", async () => {
      await publish(
        { body: 1 },
        { body: 2, subject: "order", applicationProperties: { size: 10 } },
      );
      const message = await receiveOne(open("large"));
      const [, second] = await open("all").receiveMessages(2);
      if (second === undefined) throw new Error("no second message");
      const enqueued = second.enqueuedSequenceNumber;
      expect(enqueued).toBeDefined();
      expect(message.enqueuedSequenceNumber).toEqual(enqueued);
      expect(numberOf(message)).toBeLessThan(numberOf(second));
    });

    it("a SQL filter lets in what it matches", async () => {
      await publish(
        { body: 1, subject: "orders", applicationProperties: { size: 10 } },
        { body: 2, subject: "orders", applicationProperties: { size: 9 } },
        { body: 3, subject: "bills", applicationProperties: { size: 11 } },
        { body: 4, subject: "orders" },
        { body: 5, applicationProperties: { SIZE: 10 } },
        { body: 6, subject: "order-6", applicationProperties: { SIZE: 10.5 } },
      );
      expect(await bodiesIn("large")).toEqual([1, 6]);
    });

    it("a correlation filter lets in what equals it", async () => {
      await publish(
        { body: 1, subject: "order", applicationProperties: { region: "N" } },
        { body: 2, subject: "order", applicationProperties: { region: "S" } },
        { body: 3, subject: "order" },
        { body: 4, applicationProperties: { region: "N" } },
      );
      expect(await bodiesIn("north")).toEqual([1]);
    });

    it("a scheduled message waits in the topic", async () => {
      const sender = bench.client().createSender(TOPIC);
      const at = new Date(Date.now() + 120_000);
      const [cancelled] = await sender.scheduleMessages({ body: "no" }, at);
      await sender.scheduleMessages({ body: "later" }, at);
      if (cancelled === undefined) throw new Error("no number");
      await sender.cancelScheduledMessages(cancelled);
      expect(await bodiesIn("all")).toEqual([]);
      const [waiting] = await bench
        .client()
        .createReceiver(TOPIC)
        .peekMessages(10);
      expect(waiting).toMatchObject({ body: "later", state: "scheduled" });
      await bench.namespace().elapse(125_000);
      expect((await receiveOne(open("all"))).body).toBe("later");
    });

    it("a subscription has its own dead letters", async () => {
      await publish({ body: "poison" });
      const receiver = open("all");
      await receiver.abandonMessage(await receiveOne(receiver));
      await receiver.abandonMessage(await receiveOne(receiver));
      const dead = await receiveOne(
        bench.client().createReceiver(TOPIC, "all", {
          subQueueType: "deadLetter",
        }),
      );
      expect(dead.body).toBe("poison");
      expect(dead.deadLetterReason).toBe("MaxDeliveryCountExceeded");
    });

    it("a subscription with sessions gives them to their holders, and dead-letters what has none", async () => {
      await publish({ body: 1, sessionId: "s" }, { body: 2 });
      const session = await bench.client().acceptSession(TOPIC, "ordered", "s");
      expect((await receiveOne(session)).body).toBe(1);
      const dead = await receiveOne(
        bench.client().createReceiver(TOPIC, "ordered", {
          subQueueType: "deadLetter",
        }),
      );
      expect(dead.body).toBe(2);
      expect(dead.deadLetterReason).toBe("Session ID is null");
    });

    it("a message on which a rule fails is dead-lettered where the subscription says so", async () => {
      await publish(
        { body: "fits", applicationProperties: { size: 4, parts: 2 } },
        { body: "fails", applicationProperties: { size: 4, parts: "two" } },
        { body: "unknown", applicationProperties: { size: 4 } },
      );
      expect(await bodiesIn("strict")).toEqual(["fits"]);
      const [dead, ...others] = await bench
        .client()
        .createReceiver(TOPIC, "strict", { subQueueType: "deadLetter" })
        .peekMessages(10);
      expect(dead?.body).toBe("fails");
      expect(dead?.deadLetterReason).toBeTruthy();
      expect(others).toEqual([]);
    });

    it("nobody receives from a topic, or sends to a subscription", async () => {
      await expect(
        bench.client().createReceiver(TOPIC).receiveMessages(1),
      ).rejects.toMatchObject({ name: "ServiceBusError" });
      await expect(
        bench
          .client()
          .createSender(`${TOPIC}/Subscriptions/all`)
          .sendMessages({ body: 1 }),
      ).rejects.toMatchObject({ name: "ServiceBusError" });
    });

    it("a subscription that is not there is not found", async () => {
      await expect(
        bench.client().createReceiver(TOPIC, "nobody").receiveMessages(1),
      ).rejects.toMatchObject({ code: "MessagingEntityNotFound" });
    });
  });

  describe("rules", () => {
    it("a subscription begins with one that everything matches", async () => {
      expect(await listRules("all")).toMatchObject([
        { name: "$Default", filter: { sqlExpression: "1=1" } },
      ]);
    });

    it("are listed by page", async () => {
      const rules = rulesOf("north");
      await rules.createRule("by-everything", {
        correlationId: "c",
        messageId: "m",
        to: "t",
        replyTo: "r",
        subject: "l",
        sessionId: "s",
        replyToSessionId: "rs",
        contentType: "ct",
        applicationProperties: { flag: true, count: 3, text: "x" },
      });
      const listed: RuleProperties[] = [];
      for await (const page of rules.listRules().byPage({ maxPageSize: 1 })) {
        expect(page).toHaveLength(1);
        listed.push(...page);
      }
      const inOrder = listed.toSorted((a, b) => a.name.localeCompare(b.name));
      expect(inOrder).toMatchObject([
        {
          name: "by-everything",
          filter: {
            correlationId: "c",
            messageId: "m",
            to: "t",
            replyTo: "r",
            subject: "l",
            sessionId: "s",
            replyToSessionId: "rs",
            contentType: "ct",
            applicationProperties: { flag: true, count: 3, text: "x" },
          },
        },
        {
          name: "by-region",
          filter: { subject: "order", applicationProperties: { region: "N" } },
        },
      ]);
    });

    it("take effect on what is sent from then on; one match is enough, and two make no second copy", async () => {
      const rules = rulesOf("all");
      await publish({ body: "before" });
      await rules.deleteRule("$Default");
      await publish({ body: "nothing matches" });
      await rules.createRule("a", { sqlExpression: "kind = 'a'" });
      await rules.createRule("not-b", { sqlExpression: "NOT kind = 'b'" });
      await publish(
        { body: "a", applicationProperties: { kind: "a" } },
        { body: "b", applicationProperties: { kind: "b" } },
        { body: "c", applicationProperties: { kind: "c" } },
        { body: "unknown" },
      );
      expect(await bodiesIn("all")).toEqual(["before", "a", "c"]);
    });

    it("of one name cannot be two, and what is not there cannot go", async () => {
      const rules = rulesOf("all");
      await expect(
        rules.createRule("$Default", { sqlExpression: "1=1" }),
      ).rejects.toMatchObject({ code: "MessagingEntityAlreadyExists" });
      await expect(rules.deleteRule("ghost")).rejects.toMatchObject({
        code: "MessagingEntityNotFound",
      });
    });

    it("that cannot be understood are refused", async () => {
      for (const sqlExpression of ["size >", "sys.nothing = 1", "size"]) {
        await expect(
          rulesOf("all").createRule("broken", { sqlExpression }),
        ).rejects.toMatchObject({ name: "ServiceBusError" });
      }
      expect(await listRules("all")).toHaveLength(1);
    });
  });
}
