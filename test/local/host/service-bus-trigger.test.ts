import { EventEmitter, once } from "node:events";
import { ServiceBusClient } from "@azure/service-bus";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CatalogedFunction } from "../../../local/host/function-catalogue.ts";
import type { Invocation } from "../../../local/host/invoker.ts";
import { readQueueBinding } from "../../../local/host/triggers/read-queue-binding.ts";
import type { ServiceBusOptions } from "../../../local/host/triggers/service-bus-trigger.ts";
import { createServiceBusTrigger } from "../../../local/host/triggers/service-bus-trigger.ts";
import type { Trigger } from "../../../local/host/triggers/trigger.ts";
import { startTestBus, type TestBus } from "../service-bus/start-test-bus.ts";

describe("a trigger on a subscription", () => {
  let bus: TestBus;
  let client: ServiceBusClient;
  const triggers: Trigger[] = [];

  beforeEach(async () => {
    bus = await startTestBus({
      queues: [],
      topics: [
        {
          name: "events",
          subscriptions: [
            {
              name: "large",
              maxDeliveryCount: 2,
              rules: [{ name: "r", filter: { sqlExpression: "size > 10" } }],
            },
            { name: "ordered", requiresSession: true },
          ],
        },
      ],
    });
    client = new ServiceBusClient(bus.endpoint.connectionString);
  });
  afterEach(async () => {
    for (const trigger of triggers.splice(0)) await trigger.stop();
    await client.close();
    await bus.close();
  });

  /** Starts a trigger whose function is `run`; the returned function awaits so many invocations. */
  const trigger = (
    binding: Readonly<Record<string, unknown>>,
    run: (invocation: Invocation) => "completed" | "failed",
    options: Partial<ServiceBusOptions> = {},
  ) => {
    const called = new EventEmitter();
    const seen: Invocation[] = [];
    const cataloged = {
      name: "take",
      trigger: { connection: "BUS", topicName: "%TOPIC%", ...binding },
    } as unknown as CatalogedFunction;
    const settings = {
      BUS: bus.endpoint.connectionString,
      TOPIC: "events",
    };
    const created = createServiceBusTrigger(
      cataloged,
      readQueueBinding(cataloged, settings, true),
      {
        invoker: {
          invoke(invocation) {
            seen.push(invocation);
            called.emit("called");
            return Promise.resolve({ kind: run(invocation) } as Awaited<
              ReturnType<
                Parameters<
                  typeof createServiceBusTrigger
                >[2]["invoker"]["invoke"]
              >
            >);
          },
          idle: () => Promise.resolve(),
        },
        options: {
          autoCompleteMessages: true,
          maxConcurrentCalls: 4,
          maxMessageBatchSize: 1_000,
          maxAutoLockRenewalDuration: 60_000,
          maxConcurrentSessions: 2,
          sessionIdleTimeout: 1000,
          minMessageBatchSize: 1,
          maxBatchWaitTime: 1000,
          ...options,
        },
        log: () => {},
      },
    );
    triggers.push(created);
    created.start();
    return async (count: number): Promise<Invocation[]> => {
      while (seen.length < count) await once(called, "called");
      return seen;
    };
  };

  it("runs for what its rules let in, and dead-letters what fails every time", async () => {
    const seen = trigger({ subscriptionName: "large" }, () => "failed");
    await client.createSender("events").sendMessages([
      { body: "small", applicationProperties: { size: 1 } },
      { body: "large", applicationProperties: { size: 11 } },
    ]);
    const invocations = await seen(2);
    expect(invocations.map(({ data }) => data)).toEqual([
      { string: '"large"' },
      { string: '"large"' },
    ]);
    const [dead] = await client
      .createReceiver("events", "large", { subQueueType: "deadLetter" })
      .receiveMessages(1);
    expect(dead?.deadLetterReason).toBe("MaxDeliveryCountExceeded");
  });

  it("that waits for sessions stops at once", async () => {
    trigger(
      { subscriptionName: "ordered", isSessionsEnabled: true },
      () => "completed",
    );
    const startedAt = performance.now();
    await triggers[0]?.stop();
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  it("runs for the messages of a session, one after the other", async () => {
    const seen = trigger(
      { subscriptionName: "ordered", isSessionsEnabled: true },
      () => "completed",
    );
    await client.createSender("events").sendMessages([
      { body: 1, sessionId: "a" },
      { body: 2, sessionId: "a" },
      { body: 3, sessionId: "a" },
    ]);
    const invocations = await seen(3);
    expect(invocations.map(({ data }) => data)).toEqual([
      { string: "1" },
      { string: "2" },
      { string: "3" },
    ]);
    expect(invocations[0]?.triggerMetadata?.["SessionId"]).toEqual({
      string: "a",
    });
  });

  it("takes a session's messages in batches, which are complete together", async () => {
    const seen = trigger(
      {
        subscriptionName: "ordered",
        isSessionsEnabled: true,
        cardinality: "many",
      },
      () => "completed",
      { maxMessageBatchSize: 2 },
    );
    await client.createSender("events").sendMessages(
      ["a", "b", "a", "a"].map((sessionId, index) => ({
        sessionId,
        body: index,
        applicationProperties: { ordered: true },
      })),
    );
    const invocations = await seen(3);
    expect(
      invocations.map(({ data, triggerMetadata }) => [
        ...(data?.collectionString?.string ?? []),
        ...(triggerMetadata?.["SessionIdArray"]?.collectionString?.string ??
          []),
      ]),
    ).toEqual([
      ["0", "2", "a", "a"],
      ["3", "a"],
      ["1", "b"],
    ]);
    await triggers[0]?.stop();
    const left = await client
      .createReceiver("events", "ordered")
      .peekMessages(10);
    expect(left).toEqual([]);
  });

  it("waits for a batch of the least size, and takes a smaller one when the time is up", async () => {
    const seen = trigger(
      { subscriptionName: "large", cardinality: "many" },
      () => "completed",
      { minMessageBatchSize: 3, maxBatchWaitTime: 700 },
    );
    const sender = client.createSender("events");
    const send = (body: number): Promise<void> =>
      sender.sendMessages({ body, applicationProperties: { size: 11 } });
    for (const body of [1, 2, 3]) await send(body);
    expect((await seen(1))[0]?.data).toEqual({
      collectionString: { string: ["1", "2", "3"] },
    });
    await send(4);
    expect((await seen(2))[1]?.data).toEqual({
      collectionString: { string: ["4"] },
    });
  });
});
