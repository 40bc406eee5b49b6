import { ServiceBusClient } from "@azure/service-bus";
import { EventEmitter, once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import type { HostLogLine } from "../../../local/host/host-log.ts";
import {
  cjsApp,
  runCleanups,
  startFixtureHost,
} from "./support/start-fixture-host.ts";
import { waitFor } from "./support/wait-for.ts";

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(() => runCleanups(cleanups));

const queues = [{ name: "jobs", maxDeliveryCount: 3 }];

const openClient = (connectionString: string): ServiceBusClient => {
  const client = new ServiceBusClient(connectionString);
  cleanups.push(() => client.close());
  return client;
};

/** The JSON that the app logs per message. */
function collect(): {
  readonly log: (line: HostLogLine) => void;
  next(count: number): Promise<Record<string, unknown>[]>;
  readonly lines: HostLogLine[];
} {
  const events = new EventEmitter();
  const seen: Record<string, unknown>[] = [];
  const lines: HostLogLine[] = [];
  return {
    lines,
    log(line) {
      lines.push(line);
      if (line.event !== "app-log") return;
      seen.push(JSON.parse(line.message ?? "") as Record<string, unknown>);
      events.emit("seen");
    },
    async next(count) {
      while (seen.length < count) await once(events, "seen");
      return seen;
    },
  };
}

describe("a topic", () => {
  const topics = [
    {
      name: "orders",
      subscriptions: [
        {
          name: "eu",
          rules: [{ name: "eu", filter: { sqlExpression: "region = 'eu'" } }],
        },
      ],
    },
  ];

  it("gets what a function puts out, and calls the function of each subscription whose rule matches", async () => {
    const { log, next } = collect();
    const host = await startFixtureHost(
      cjsApp(`const { output } = require("@azure/functions");
const orders = output.serviceBusTopic({ connection: "BUS", topicName: "orders" });
app.post("send", { extraOutputs: [orders], handler: async (request, context) => {
  context.extraOutputs.set(orders, await request.json());
  return { status: 202 };
} });
app.serviceBusTopic("eu", { connection: "BUS", topicName: "orders", subscriptionName: "eu",
  handler: (message, context) => context.log(JSON.stringify({ message })) });`),
      cleanups,
      { topics, log },
    );
    // Without the property that the rule asks for, the subscription does not get it.
    await fetch(`${host.httpUrl}/api/send`, {
      method: "POST",
      body: JSON.stringify({ id: 1 }),
    });
    const client = openClient(host.serviceBusConnectionString);
    await client.createSender("orders").sendMessages({
      body: { id: 2 },
      applicationProperties: { region: "eu" },
    });
    expect(await next(1)).toEqual([{ message: { id: 2 } }]);
  });

  it("is found, as its subscription is, under its name in any case", async () => {
    const { log, next } = collect();
    const host = await startFixtureHost(
      cjsApp(`const { output } = require("@azure/functions");
const orders = output.serviceBusTopic({ connection: "BUS", topicName: "Orders" });
app.post("send", { extraOutputs: [orders], handler: (request, context) => {
  context.extraOutputs.set(orders, { id: 1 });
  return { status: 202 };
} });
app.serviceBusTopic("eu", { connection: "BUS", topicName: "ORDERS", subscriptionName: "All",
  handler: (message, context) => context.log(JSON.stringify({ message })) });`),
      cleanups,
      {
        topics: [{ name: "orders", subscriptions: [{ name: "all" }] }],
        log,
      },
    );
    await fetch(`${host.httpUrl}/api/send`, { method: "POST" });
    expect(await next(1)).toEqual([{ message: { id: 1 } }]);
  });

  it("that is not there stops the host in one line", async () => {
    const app = cjsApp(
      `app.serviceBusTopic("us", { connection: "BUS", topicName: "orders", subscriptionName: "us", handler: () => {} });`,
    );
    await expect(startFixtureHost(app, cleanups, { topics })).rejects.toThrow(
      'Function "us": "orders/Subscriptions/us" does not exist on the local Service Bus endpoint.',
    );
  });

  it("whose subscription forwards to nothing stops the host in one line", async () => {
    const forwarding = [
      {
        name: "orders",
        subscriptions: [{ name: "eu", forwardTo: "nowhere" }],
      },
    ];
    await expect(
      startFixtureHost(cjsApp(""), cleanups, { topics: forwarding }),
    ).rejects.toThrow("nowhere");
  });
});

describe("a queue output", () => {
  const receive = async (
    client: ServiceBusClient,
    count: number,
  ): Promise<unknown[]> => {
    const receiver = client.createReceiver("jobs", {
      receiveMode: "receiveAndDelete",
      skipParsingBodyAsJson: true,
    });
    const received: unknown[] = [];
    while (received.length < count)
      for (const { body, contentType } of await receiver.receiveMessages(count))
        received.push([String(body as Buffer), contentType]);
    await receiver.close();
    return received;
  };

  it("sends what the function gives it, an array message by message", async () => {
    const host = await startFixtureHost(
      cjsApp(`const { output } = require("@azure/functions");
const jobs = output.serviceBusQueue({ connection: "BUS", queueName: "%QUEUE%" });
app.post("send", { extraOutputs: [jobs], handler: async (request, context) => {
  context.extraOutputs.set(jobs, await request.json());
  return { status: 202 };
} });
app.timer("tick", { schedule: "0 0 0 1 1 *", return: jobs, handler: () => "from the return value" });`),
      cleanups,
      { queues, settings: { QUEUE: "jobs" } },
    );
    const client = openClient(host.serviceBusConnectionString);
    const send = (value: unknown) =>
      fetch(`${host.httpUrl}/api/send`, {
        method: "POST",
        body: JSON.stringify(value),
      });
    expect((await send({ id: 7 })).status).toBe(202);
    expect(await receive(client, 1)).toEqual([['{"id":7}', "text/plain"]]);
    await send(["one", { id: 2 }]);
    const both = [
      ["one", "text/plain"],
      ['{"id":2}', "text/plain"],
    ];
    expect(await receive(client, 2)).toEqual(both);
    // An array that is given as text is one all the same; what only looks like one is text.
    await send('["one", {"id":2}]');
    expect(await receive(client, 2)).toEqual(both);
    await send("[one]");
    expect(await receive(client, 1)).toEqual([["[one]", "text/plain"]]);
    await send(null);
    await fetch(`${host.httpUrl}/admin/functions/tick`, {
      method: "POST",
      headers: { "x-functions-key": host.masterKey },
      body: "{}",
    });
    expect(await receive(client, 1)).toEqual([
      ["from the return value", "text/plain"],
    ]);
  });

  it("takes more at once than one batch holds", async () => {
    const host = await startFixtureHost(
      cjsApp(`const { output } = require("@azure/functions");
const jobs = output.serviceBusQueue({ connection: "BUS", queueName: "jobs" });
app.get("send", { extraOutputs: [jobs], handler: (request, context) => {
  context.extraOutputs.set(jobs, Array.from({ length: 5 }, (_, i) => i + "x".repeat(100_000)));
  return { body: "sent" };
} });`),
      cleanups,
      { queues },
    );
    expect((await fetch(`${host.httpUrl}/api/send`)).status).toBe(200);
    const client = openClient(host.serviceBusConnectionString);
    const received = (await receive(client, 5)) as [string, string][];
    expect(received.map(([body]) => body.slice(0, 2))).toEqual([
      "0x",
      "1x",
      "2x",
      "3x",
      "4x",
    ]);
  });

  it("that cannot be sent fails the invocation", async () => {
    const host = await startFixtureHost(
      cjsApp(`const { output } = require("@azure/functions");
const jobs = output.serviceBusQueue({ connection: "BUS", queueName: "jobs" });
app.get("send", { extraOutputs: [jobs], handler: (request, context) => {
  context.extraOutputs.set(jobs, "x".repeat(2_000_000));
  return { body: "sent" };
} });`),
      cleanups,
      { queues },
    );
    expect((await fetch(`${host.httpUrl}/api/send`)).status).toBe(500);
    expect(host.lines).toContainEqual(
      expect.objectContaining({
        event: "function-executed",
        outcome: "failed",
      }),
    );
  });
});

describe("a queue trigger", () => {
  it("gives the function body and metadata, and completes the message", async () => {
    const { log, next } = collect();
    const host = await startFixtureHost(
      cjsApp(`app.serviceBusQueue("take", { connection: "BUS", queueName: "%QUEUE%", handler: (message, context) => {
  context.log(JSON.stringify({ message, metadata: context.triggerMetadata, setting: process.env.BUS, trace: context.traceContext.traceParent }));
} });`),
      cleanups,
      { queues, log, settings: { QUEUE: "jobs" } },
    );
    const client = openClient(host.serviceBusConnectionString);
    const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
    await client.createSender("jobs").sendMessages({
      body: { id: 7 },
      messageId: "m-1",
      subject: "s",
      applicationProperties: { traceparent, Kind: "x" },
    });
    const [seen] = await next(1);
    expect(seen).toMatchObject({
      message: { id: 7 },
      metadata: {
        messageId: "m-1",
        deliveryCount: 1,
        subject: "s",
        label: "s",
        sequenceNumber: 1,
        applicationProperties: { kind: "x" },
      },
      setting: host.serviceBusConnectionString,
      trace: traceparent,
    });
    const left = await waitFor(async () => {
      const messages = await client.createReceiver("jobs").peekMessages(1);
      return messages.length === 0 ? messages : undefined;
    });
    expect(left).toEqual([]);
  });

  it("delivers again after a throw, then dead-letters", async () => {
    const { log, next, lines } = collect();
    const host = await startFixtureHost(
      cjsApp(`app.serviceBusQueue("take", { connection: "BUS", queueName: "jobs", handler: (message, context) => {
  context.log(JSON.stringify(context.triggerMetadata.deliveryCount));
  throw new Error("poison-text");
} });`),
      cleanups,
      { queues, log },
    );
    const client = openClient(host.serviceBusConnectionString);
    await client.createSender("jobs").sendMessages({ body: "poison" });
    expect(await next(3)).toEqual([1, 2, 3]);
    const [dead] = await client
      .createReceiver("jobs", { subQueueType: "deadLetter" })
      .receiveMessages(1);
    expect(dead?.body).toBe("poison");
    expect(dead?.deadLetterReason).toBe("MaxDeliveryCountExceeded");
    expect(JSON.stringify(lines)).not.toContain("poison");
  });

  it("gives a batch its messages at once, with their metadata in arrays, and settles them together", async () => {
    const { log, next } = collect();
    const host = await startFixtureHost(
      cjsApp(
        `const seen = new Set();
app.serviceBusQueue("take", { connection: "BUS", queueName: "jobs", cardinality: "many", handler: (messages, context) => {
  const { messageIdArray, deliveryCountArray, sequenceNumberArray, applicationPropertiesArray } = context.triggerMetadata;
  context.log(JSON.stringify({ messages, messageIdArray, deliveryCountArray, sequenceNumberArray, applicationPropertiesArray }));
  if (deliveryCountArray.includes(1)) throw new Error("again");
} });`,
        {
          version: "2.0",
          extensions: { serviceBus: { maxMessageBatchSize: 2 } },
        },
      ),
      cleanups,
      { queues, log },
    );
    const client = openClient(host.serviceBusConnectionString);
    await client.createSender("jobs").sendMessages([
      { body: { id: 1 }, messageId: "m-1", applicationProperties: { k: 1 } },
      { body: "two", messageId: "m-2", applicationProperties: { k: 2 } },
    ]);
    const left = await waitFor(async () => {
      const messages = await client.createReceiver("jobs").peekMessages(1);
      return messages.length === 0 ? messages : undefined;
    });
    expect(left).toEqual([]);
    const batches = await next(2);
    const received = batches.flatMap(({ messageIdArray }) => messageIdArray);
    expect(received).toHaveLength(4);
    expect(new Set(received)).toEqual(new Set(["m-1", "m-2"]));
    for (const batch of batches) {
      const ids = batch["messageIdArray"] as string[];
      expect(batch).toMatchObject({
        messages: ids.map((id) => (id === "m-1" ? { id: 1 } : "two")),
        applicationPropertiesArray: ids.map((id) => ({ k: Number(id.at(-1)) })),
        deliveryCountArray: ids.map(() => expect.any(Number) as number),
        sequenceNumberArray: ids.map((id) => Number(id.at(-1))),
      });
    }
  });

  it("without auto-completion holds a message's lock as long as the function runs, and lets it run out then", async () => {
    const { log, next, lines } = collect();
    const host = await startFixtureHost(
      cjsApp(
        `app.serviceBusQueue("left", { connection: "BUS", queueName: "brief", autoCompleteMessages: false,
  handler: async (_, context) => {
    const { deliveryCount: n, expiresAt: until } = context.triggerMetadata;
    const from = Date.now();
    if (n === 1) await new Promise((resolve) => setTimeout(resolve, 2500));
    context.log(JSON.stringify({ n, until, from, to: Date.now() }));
  } });`,
      ),
      cleanups,
      { queues: [{ name: "brief", lockDurationMs: 2000 }], log },
    );
    const client = openClient(host.serviceBusConnectionString);
    await client.createSender("brief").sendMessages({ body: "left" });
    const until = "9999-12-31T23:59:59.9999999Z";
    const [first, second] = await next(2);
    expect([first, second]).toMatchObject([
      { n: 1, until },
      { n: 2, until },
    ]);
    // Not given back: what is left of the lock, which was last renewed half of its time before it would have ended.
    expect(Number(second?.["from"]) - Number(first?.["to"])).toBeGreaterThan(
      250,
    );
    expect(lines.map(({ event }) => event)).not.toContain("service-bus-error");
  });

  it("hands a message whose worker died to the next worker", async () => {
    const { log, next } = collect();
    const host = await startFixtureHost(
      cjsApp(`app.serviceBusQueue("take", { connection: "BUS", queueName: "jobs", handler: async (message, context) => {
  context.log(JSON.stringify({ pid: process.pid }));
  if (context.triggerMetadata.deliveryCount === 1) setImmediate(() => process.kill(process.pid, "SIGKILL"));
  await new Promise((resolve) => setTimeout(resolve, 200));
} });`),
      cleanups,
      { queues, log },
    );
    const client = openClient(host.serviceBusConnectionString);
    await client.createSender("jobs").sendMessages({ body: 1 });
    const [first, second] = await next(2);
    expect(first).not.toEqual(second);
    const left = await waitFor(async () => {
      const messages = await client.createReceiver("jobs").peekMessages(1);
      return messages.length === 0 ? messages : undefined;
    });
    expect(left).toEqual([]);
  });

  it("with sessions runs one message of each session at a time, in order, and several sessions at once", async () => {
    const { log, next } = collect();
    const host = await startFixtureHost(
      cjsApp(
        `let running = {};
app.serviceBusQueue("take", { connection: "BUS", queueName: "ordered", isSessionsEnabled: true, handler: async (message, context) => {
  const { sessionId } = context.triggerMetadata;
  running[sessionId] = (running[sessionId] ?? 0) + 1;
  const others = Object.values(running).filter((count) => count > 0).length;
  const alone = running[sessionId] === 1;
  await new Promise((resolve) => setTimeout(resolve, 20));
  running[sessionId] -= 1;
  context.log(JSON.stringify({ sessionId, message, alone, others }));
} });`,
        {
          version: "2.0",
          extensions: {
            serviceBus: {
              maxConcurrentSessions: 2,
              sessionIdleTimeout: "00:00:01",
            },
          },
        },
      ),
      cleanups,
      {
        queues: [{ name: "ordered", requiresSession: true }],
        log,
      },
    );
    const client = openClient(host.serviceBusConnectionString);
    const sessionIds = ["a", "b", "c"];
    await client
      .createSender("ordered")
      .sendMessages(
        [1, 2, 3].flatMap((body) =>
          sessionIds.map((sessionId) => ({ sessionId, body })),
        ),
      );
    const seen = await next(9);
    for (const id of sessionIds) {
      const ofSession = seen.filter(({ sessionId }) => sessionId === id);
      expect(ofSession.map(({ message }) => message)).toEqual([1, 2, 3]);
    }
    expect(seen.every(({ alone }) => alone)).toBe(true);
    expect(seen.some(({ others }) => others === 2)).toBe(true);
    expect(seen.every(({ others }) => Number(others) <= 2)).toBe(true);
  });

  it("with sessions delivers again after a throw, before the next message of the session", async () => {
    const { log, next } = collect();
    const host = await startFixtureHost(
      cjsApp(`app.serviceBusQueue("take", { connection: "BUS", queueName: "ordered", isSessionsEnabled: true, handler: (message, context) => {
  context.log(JSON.stringify({ message, deliveryCount: context.triggerMetadata.deliveryCount }));
  if (context.triggerMetadata.deliveryCount < 2) throw new Error("not yet");
} });`),
      cleanups,
      { queues: [{ name: "ordered", requiresSession: true }], log },
    );
    const client = openClient(host.serviceBusConnectionString);
    await client.createSender("ordered").sendMessages([
      { sessionId: "s", body: 1 },
      { sessionId: "s", body: 2 },
    ]);
    expect(await next(4)).toEqual([
      { message: 1, deliveryCount: 1 },
      { message: 1, deliveryCount: 2 },
      { message: 2, deliveryCount: 1 },
      { message: 2, deliveryCount: 2 },
    ]);
  });

  it.each([
    [
      '"t/Subscriptions/s" does not exist',
      `app.serviceBusTopic("f", { connection: "BUS", topicName: "t", subscriptionName: "s", handler: () => {} });`,
    ],
    [
      '"ghost" does not exist',
      `app.serviceBusQueue("f", { connection: "BUS", queueName: "ghost", handler: () => {} });`,
    ],
    [
      '"nowhere" of its output does not exist',
      `app.serviceBusQueue("f", { connection: "BUS", queueName: "jobs", return: require("@azure/functions").output.serviceBusQueue({ connection: "BUS", queueName: "nowhere" }), handler: () => {} });`,
    ],
  ])("refuses %s by name", async (named, source) => {
    await expect(
      startFixtureHost(cjsApp(source), cleanups, { queues }),
    ).rejects.toThrow(named);
  });
});
