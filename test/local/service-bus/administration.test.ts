import {
  ServiceBusAdministrationClient,
  type ServiceBusClient,
} from "@azure/service-bus";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
} from "vitest";
import {
  openAdministrationClient,
  openMessageClient,
} from "../../../shared/messages/adapters/service-bus-connection.ts";
import { type Identity, startIdentity } from "../../azure/identity.ts";
import {
  connectionForms,
  startTestBus,
  type TestBus,
} from "./start-test-bus.ts";
import { createVirtualClock, type VirtualClock } from "./virtual-clock.ts";

describe.each(connectionForms)("administration, by %s", (form) => {
  let identity: Identity;
  let bus: TestBus;
  let clock: VirtualClock;
  let messages: ServiceBusClient;
  let administration: ServiceBusAdministrationClient;

  beforeAll(async () => {
    identity = await startIdentity();
  });
  afterAll(() => identity.close());

  beforeEach(async () => {
    clock = createVirtualClock();
    bus = await startTestBus({
      identity: form === "token" ? identity : undefined,
      queues: [
        {
          name: "jobs",
          lockDurationMs: 90_000,
          maxDeliveryCount: 3,
          duplicateDetectionWindowMs: 25 * 3_600_000,
          defaultMessageTtlMs: 1_500,
          deadLetteringOnMessageExpiration: true,
        },
        { name: "plain" },
        { name: "team/plain" },
      ],
      topics: [
        {
          name: "events",
          defaultMessageTtlMs: 60_000,
          subscriptions: [
            {
              name: "all",
              requiresSession: true,
              maxDeliveryCount: 4,
              forwardDeadLetteredMessagesTo: "plain",
            },
            {
              name: "some",
              rules: [
                {
                  name: "sql",
                  filter: {
                    sqlExpression: "size > @least AND sys.Label <> '<&>'",
                    sqlParameters: { "@least": 3 },
                  },
                },
                {
                  name: "equal",
                  filter: {
                    subject: "s",
                    applicationProperties: { flag: true, text: "x", n: 1.5 },
                  },
                },
              ],
            },
          ],
        },
        { name: "quiet", subscriptions: [] },
      ],
      clock,
    });
    messages = openMessageClient(bus.connection, {});
    administration = openAdministrationClient(bus.connection);
  });
  afterEach(async () => {
    await messages.close();
    await bus.close();
  });

  it("tells a queue's settings, in Service Bus' words", async () => {
    expect(await administration.getQueue("jobs")).toMatchObject({
      name: "jobs",
      lockDuration: "PT1M30S",
      maxDeliveryCount: 3,
      requiresDuplicateDetection: true,
      duplicateDetectionHistoryTimeWindow: "P1DT1H",
      defaultMessageTimeToLive: "PT1.5S",
      deadLetteringOnMessageExpiration: true,
      requiresSession: false,
      enablePartitioning: false,
      status: "Active",
      availabilityStatus: "Available",
      maxMessageSizeInKilobytes: 256,
    });
    expect(await administration.getQueue("team/plain")).toMatchObject({
      name: "team/plain",
      lockDuration: "PT1M",
      maxDeliveryCount: 10,
      requiresDuplicateDetection: false,
      duplicateDetectionHistoryTimeWindow: "PT10M",
      defaultMessageTimeToLive: "P10675199DT2H48M5.4775807S",
      deadLetteringOnMessageExpiration: false,
    });
  });

  it("counts messages by where they stand", async () => {
    const sender = messages.createSender("plain");
    const receiver = messages.createReceiver("plain");
    await sender.sendMessages(
      [1, 2, 3, 4].map(() => ({ body: Buffer.alloc(1_000) })),
    );
    await sender.scheduleMessages({ body: 5 }, new Date(Date.now() + 900_000));
    const [first, second] = await receiver.receiveMessages(3);
    if (first === undefined || second === undefined) {
      throw new Error("no messages came");
    }
    await receiver.deadLetterMessage(first);
    await receiver.deferMessage(second);
    const found = await administration.getQueueRuntimeProperties("plain");
    expect(found).toMatchObject({
      name: "plain",
      totalMessageCount: 5,
      activeMessageCount: 3,
      scheduledMessageCount: 1,
      deadLetterMessageCount: 1,
      transferMessageCount: 0,
      transferDeadLetterMessageCount: 0,
    });
    expect(found.sizeInBytes).toBeGreaterThan(4_000);
  });

  it("tells when a queue was made, opened and last used", async () => {
    const startedAt = new Date(clock.now());
    clock.advance(5_000);
    const idle = await administration.getQueueRuntimeProperties("plain");
    expect(idle).toMatchObject({
      createdAt: startedAt,
      modifiedAt: startedAt,
      accessedAt: startedAt,
      totalMessageCount: 0,
      sizeInBytes: 0,
    });
    await messages.createSender("plain").sendMessages({ body: 1 });
    const sent = await administration.getQueueRuntimeProperties("plain");
    expect(sent.accessedAt).toEqual(new Date(clock.now()));
    clock.advance(5_000);
    await messages.createReceiver("plain").receiveMessages(1);
    const received = await administration.getQueueRuntimeProperties("plain");
    expect(received.accessedAt).toEqual(new Date(clock.now()));
  });

  it("lists the queues, by page", async () => {
    const names: string[] = [];
    for await (const queue of administration.listQueues()) {
      names.push(queue.name);
    }
    expect(names).toEqual(["jobs", "plain", "team/plain"]);
    const pages: string[][] = [];
    const byPage = administration
      .listQueuesRuntimeProperties()
      .byPage({ maxPageSize: 2 });
    for await (const page of byPage) pages.push(page.map(({ name }) => name));
    expect(pages).toEqual([["jobs", "plain"], ["team/plain"]]);
  });

  it("knows which queues there are", async () => {
    expect(await administration.queueExists("jobs")).toBe(true);
    expect(await administration.queueExists("nowhere")).toBe(false);
    expect(await administration.queueExists("jobs/$deadletterqueue")).toBe(
      false,
    );
    await expect(administration.getQueue("nowhere")).rejects.toMatchObject({
      code: "MessageEntityNotFoundError",
    });
  });

  it("tells of topics: their settings, and what waits in them", async () => {
    expect(await administration.getTopic("events")).toMatchObject({
      name: "events",
      defaultMessageTimeToLive: "PT1M",
      requiresDuplicateDetection: false,
      status: "Active",
    });
    const sender = messages.createSender("events");
    await sender.scheduleMessages(
      { body: 1 },
      new Date(clock.now() + 3_600_000),
    );
    expect(
      await administration.getTopicRuntimeProperties("events"),
    ).toMatchObject({
      name: "events",
      subscriptionCount: 2,
      scheduledMessageCount: 1,
      createdAt: new Date(clock.now()),
    });
    const names: string[] = [];
    for await (const { name } of administration.listTopics()) names.push(name);
    expect(names).toEqual(["events", "quiet"]);
    const runtime = administration.listTopicsRuntimeProperties();
    expect((await runtime.next()).value).toMatchObject({ name: "events" });
    expect(await administration.topicExists("quiet")).toBe(true);
    expect(await administration.topicExists("plain/none")).toBe(false);
  });

  it("tells of subscriptions: their settings, and what is in them", async () => {
    expect(await administration.getSubscription("events", "ALL")).toMatchObject(
      {
        topicName: "events",
        subscriptionName: "all",
        requiresSession: true,
        maxDeliveryCount: 4,
        defaultMessageTimeToLive: "PT1M",
        deadLetteringOnFilterEvaluationExceptions: true,
        forwardDeadLetteredMessagesTo: expect.stringMatching(
          /\/plain$/,
        ) as string,
      },
    );
    await messages
      .createSender("events")
      .sendMessages({ body: 1, subject: "s", sessionId: "s" });
    expect(
      await administration.getSubscriptionRuntimeProperties("events", "all"),
    ).toMatchObject({ activeMessageCount: 1, totalMessageCount: 1 });
    const names: string[] = [];
    for await (const found of administration.listSubscriptions("events")) {
      names.push(found.subscriptionName);
    }
    expect(names).toEqual(["all", "some"]);
    const runtime = administration.listSubscriptionsRuntimeProperties("events");
    expect((await runtime.next()).value).toMatchObject({
      topicName: "events",
      subscriptionName: "all",
      activeMessageCount: 1,
    });
    expect(await administration.subscriptionExists("events", "none")).toBe(
      false,
    );
  });

  it("tells of rules", async () => {
    expect(await administration.getRule("events", "some", "sql")).toMatchObject(
      {
        name: "sql",
        filter: {
          sqlExpression: "size > @least AND sys.Label <> '<&>'",
          sqlParameters: { "@least": 3 },
        },
      },
    );
    const rules = [];
    for await (const rule of administration.listRules("events", "some")) {
      rules.push(rule);
    }
    expect(rules.map(({ name }) => name).toSorted()).toEqual(["equal", "sql"]);
    expect(rules.find(({ name }) => name === "equal")?.filter).toMatchObject({
      subject: "s",
      applicationProperties: { flag: true, text: "x", n: 1.5 },
    });
    expect(await administration.ruleExists("events", "all", "$Default")).toBe(
      true,
    );
  });

  it("tells what namespace it is", async () => {
    expect(await administration.getNamespaceProperties()).toMatchObject({
      name: form === "token" ? "localhost" : "127.0.0.1",
      messagingSku: "Standard",
      createdAt: new Date(clock.now()),
    });
  });

  it("refuses to create, change and delete queues: the app declares them", async () => {
    const refusal = {
      code: "InvalidOperationError",
      statusCode: 403,
      message: expect.stringContaining("what the app declares") as string,
    };
    await expect(administration.createQueue("more")).rejects.toMatchObject(
      refusal,
    );
    const jobs = await administration.getQueue("jobs");
    await expect(administration.updateQueue(jobs)).rejects.toMatchObject(
      refusal,
    );
    await expect(administration.deleteQueue("jobs")).rejects.toMatchObject(
      refusal,
    );
    expect(await administration.queueExists("jobs")).toBe(true);
  });

  it.each([
    ["/%zz", 400],
    ["/$Resources/Queues?$skip=-1", 400],
    ["/$Resources/Queues?$top=all", 400],
  ])("a malformed address, %s, is refused", async (path, status) => {
    const scheme = form === "token" ? "https" : "http";
    const token = await identity.token("https://servicebus.azure.net/");
    const answer = await fetch(
      `${scheme}://127.0.0.1:${bus.endpoint.port}${path}`,
      { headers: { authorization: `Bearer ${token}` } },
    );
    expect(answer.status).toBe(status);
    expect(await answer.text()).toContain("<Code>400</Code>");
  });

  it("refuses who does not say who it is", async () => {
    const scheme = form === "token" ? "https" : "http";
    const answer = await fetch(
      `${scheme}://127.0.0.1:${bus.endpoint.port}/jobs?api-version=2021-05`,
    );
    expect(answer.status).toBe(401);
    expect(await answer.text()).toContain("<Code>401</Code>");
  });
});

describe("administration that takes tokens", () => {
  let identity: Identity;
  let bus: TestBus;

  beforeEach(async () => {
    identity = await startIdentity();
    bus = await startTestBus({ identity, queues: [{ name: "jobs" }] });
  });
  afterEach(async () => {
    await bus.close();
    await identity.close();
  });

  const host = (): string => `127.0.0.1:${bus.endpoint.port}`;

  it("refuses a token for another audience", async () => {
    const client = new ServiceBusAdministrationClient(host(), {
      getToken: async () => ({
        token: await identity.token("https://vault.azure.net"),
        expiresOnTimestamp: Date.now() + 3_600_000,
      }),
    });
    await expect(client.getQueue("jobs")).rejects.toMatchObject({
      code: "UnauthorizedRequestError",
      statusCode: 401,
    });
  });

  it("refuses a shared key", async () => {
    const client = new ServiceBusAdministrationClient(
      bus.endpoint.connectionString,
    );
    await expect(client.getQueue("jobs")).rejects.toMatchObject({
      code: "UnauthorizedRequestError",
    });
  });
});
