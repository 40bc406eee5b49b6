import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { ServiceBusClient, type ServiceBusReceiver } from "@azure/service-bus";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startServiceBus } from "../../../local/service-bus/start-service-bus.ts";
import { openAdministrationClient } from "../../../shared/messages/adapters/service-bus-connection.ts";
import { createVirtualClock } from "./virtual-clock.ts";

const brokerProcess = fileURLToPath(
  new URL("broker-process.ts", import.meta.url),
);

describe("what the endpoint has accepted survives kill -9", () => {
  let home: string;
  let broker: ChildProcess | undefined;
  const clients: ServiceBusClient[] = [];

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "service-bus-"));
  });

  afterEach(async () => {
    await kill();
    await Promise.allSettled(clients.splice(0).map((client) => client.close()));
    rmSync(home, { recursive: true });
  });

  const start = async (): Promise<ServiceBusClient> => {
    broker = fork(brokerProcess, [join(home, "service-bus.db")]);
    const [connectionString] = (await once(broker, "message")) as [string];
    const client = new ServiceBusClient(connectionString, {
      retryOptions: { maxRetries: 0, timeoutInMs: 1_000 },
    });
    clients.push(client);
    return client;
  };

  const kill = async (): Promise<void> => {
    if (broker === undefined) return;
    const gone = once(broker, "exit");
    broker.kill("SIGKILL");
    await gone;
    broker = undefined;
  };

  it.each([40, 160, 400])(
    "killed after %i acknowledged sends, under load: nothing lost, nothing twice",
    async (sendsBeforeKill) => {
      const client = await start();
      const sender = client.createSender("jobs");
      const sent = new Set<string>();
      const completing = new Set<string>();
      const completed = new Set<string>();
      const enough = Promise.withResolvers<void>();

      const receiver = client.createReceiver("jobs");

      const sending = Array.from({ length: 8 }, async (_, worker) => {
        for (let i = 0; ; i += 1) {
          const messageId = `${worker}-${i}`;
          await sender.sendMessages({ messageId, body: messageId });
          sent.add(messageId);
          if (sent.size === sendsBeforeKill) enough.resolve();
        }
      });
      const receiving = drain(receiver, async (messageId, complete) => {
        completing.add(messageId);
        await complete();
        completed.add(messageId);
      });
      const allEnded = Promise.allSettled([...sending, receiving]);
      await enough.promise;
      await kill();
      await allEnded;

      const left: string[] = [];
      const again = await start();
      await drain(again.createReceiver("jobs"), async (messageId, complete) => {
        left.push(messageId);
        await complete();
      });
      expect(new Set(left).size).toBe(left.length);
      expect(left.filter((id) => completed.has(id))).toEqual([]);
      const owed = [...sent].filter((id) => !completing.has(id));
      expect(owed.filter((id) => !left.includes(id))).toEqual([]);
    },
  );

  it("a message that was locked is available at once, with its delivery counted", async () => {
    const client = await start();
    await client.createSender("jobs").sendMessages({ body: "held" });
    await client.createReceiver("jobs").receiveMessages(1);
    await kill();
    const again = await start();
    const [message] = await again.createReceiver("jobs").receiveMessages(1);
    expect(message?.body).toBe("held");
    expect(message?.deliveryCount).toBe(1);
  });
});

describe("a restart", () => {
  it("keeps scheduled, deferred and dead-lettered messages, and never reuses a sequence number", async () => {
    const home = mkdtempSync(join(tmpdir(), "service-bus-"));
    const clock = createVirtualClock();
    const start = () =>
      startServiceBus({
        file: join(home, "service-bus.db"),
        host: "127.0.0.1",
        port: 0,
        queues: [{ name: "jobs" }],
        log: () => {},
        clock,
      });
    const firstStartAt = new Date(clock.now());
    const endpoint = await start();
    const client = new ServiceBusClient(endpoint.connectionString);
    const sender = client.createSender("jobs");
    const receiver = client.createReceiver("jobs");
    await sender.sendMessages([{ body: "deferred" }, { body: "dead" }]);
    const [deferred, dead] = await receiver.receiveMessages(2);
    if (deferred === undefined || dead === undefined) throw new Error("lost");
    await receiver.deferMessage(deferred);
    await receiver.deadLetterMessage(dead);
    await sender.scheduleMessages(
      { body: "scheduled" },
      new Date(clock.now() + 60_000),
    );
    const before = endpoint.counts("jobs");
    expect(before).toEqual({
      active: 0,
      scheduled: 1,
      deferred: 1,
      deadLettered: 1,
      transferDeadLettered: 0,
    });
    await client.close();
    await endpoint.close();

    clock.advance(1_000);
    const second = await start();
    expect(second.counts("jobs")).toEqual(before);
    expect(
      await openAdministrationClient(second).getQueueRuntimeProperties("jobs"),
    ).toMatchObject({
      createdAt: firstStartAt,
      modifiedAt: new Date(clock.now()),
    });
    clock.advance(60_000);
    expect(second.counts("jobs")).toMatchObject({ active: 1, scheduled: 0 });
    const again = new ServiceBusClient(second.connectionString);
    const [message] = await again.createReceiver("jobs").receiveMessages(1);
    expect(message?.body).toBe("scheduled");
    expect(message?.sequenceNumber?.toNumber()).toBeGreaterThan(3);
    await again.close();
    await second.close();
    rmSync(home, { recursive: true });
  });

  it("forgets the message ids whose window is over", async () => {
    const home = mkdtempSync(join(tmpdir(), "service-bus-"));
    const file = join(home, "service-bus.db");
    const clock = createVirtualClock();
    const start = () =>
      startServiceBus({
        file,
        host: "127.0.0.1",
        port: 0,
        queues: [{ name: "jobs", duplicateDetectionWindowMs: 60_000 }],
        log: () => {},
        clock,
      });
    const endpoint = await start();
    const client = new ServiceBusClient(endpoint.connectionString);
    await client.createSender("jobs").sendMessages({ messageId: "m", body: 1 });
    await client.close();
    await endpoint.close();
    clock.advance(61_000);
    await (await start()).close();
    using database = new DatabaseSync(file, { readOnly: true });
    const remembered = database.prepare("SELECT * FROM seen_message_ids").all();
    expect(remembered).toEqual([]);
    rmSync(home, { recursive: true });
  });
});

/** Receives and settles until nothing comes for a moment. */
async function drain(
  receiver: ServiceBusReceiver,
  onMessage: (
    messageId: string,
    complete: () => Promise<void>,
  ) => Promise<void>,
): Promise<void> {
  for (;;) {
    const batch = await receiver.receiveMessages(16, { maxWaitTimeInMs: 300 });
    if (batch.length === 0) return;
    await Promise.all(
      batch.map((message) =>
        onMessage(String(message.messageId), () =>
          receiver.completeMessage(message),
        ),
      ),
    );
  }
}
