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

  it.each([
    [
      "topics",
      `app.serviceBusTopic("f", { connection: "BUS", topicName: "t", subscriptionName: "s", handler: () => {} });`,
    ],
    [
      "sessions",
      `app.serviceBusQueue("f", { connection: "BUS", queueName: "jobs", isSessionsEnabled: true, handler: () => {} });`,
    ],
    [
      "cardinality many",
      `app.serviceBusQueue("f", { connection: "BUS", queueName: "jobs", cardinality: "many", handler: () => {} });`,
    ],
    [
      '"ghost" does not exist',
      `app.serviceBusQueue("f", { connection: "BUS", queueName: "ghost", handler: () => {} });`,
    ],
    [
      '"serviceBus" (out)',
      `app.serviceBusQueue("f", { connection: "BUS", queueName: "jobs", return: require("@azure/functions").output.serviceBusQueue({ connection: "BUS", queueName: "jobs" }), handler: () => {} });`,
    ],
  ])("refuses %s by name", async (named, source) => {
    await expect(
      startFixtureHost(cjsApp(source), cleanups, { queues }),
    ).rejects.toThrow(named);
  });
});
