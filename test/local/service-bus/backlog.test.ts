import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ServiceBusClient } from "@azure/service-bus";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { amqpMessages } from "../../../local/service-bus/amqp/rhea-internals.ts";
import {
  SERVICE_BUS_APPLICATION_ID,
  serviceBusMigrations,
} from "../../../local/service-bus/migrations.ts";
import {
  type ServiceBusOptions,
  startServiceBus,
} from "../../../local/service-bus/start-service-bus.ts";
import { openDatabase } from "../../../shared/storage/open-database.ts";

/** What a waiting message may take of memory, whatever its size. */
const MAX_BYTES_PER_MESSAGE = 500;

describe("what lies in the file when the endpoint starts", () => {
  let home: string;
  const closing: (() => Promise<void>)[] = [];

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "service-bus-"));
  });
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
    rmSync(home, { recursive: true });
  });

  const start = async (
    options: Pick<ServiceBusOptions, "queues" | "topics">,
  ) => {
    const endpoint = await startServiceBus({
      file: join(home, "service-bus.db"),
      host: "127.0.0.1",
      port: 0,
      log: () => {},
      ...options,
    });
    const client = new ServiceBusClient(endpoint.connectionString);
    closing.push(
      () => endpoint.close(),
      () => client.close(),
    );
    return { endpoint, client };
  };
  const stop = async (): Promise<void> => {
    for (const close of closing.splice(0).toReversed()) await close();
  };

  /** Writes messages of `bytes` each into queue `jobs`, as an endpoint would have left them. */
  const fill = (
    count: number,
    bytes: number,
    migrations = serviceBusMigrations,
  ): void => {
    const database = openDatabase({
      file: join(home, "service-bus.db"),
      applicationId: SERVICE_BUS_APPLICATION_ID,
      migrations,
    });
    database.exec(
      "BEGIN; INSERT INTO queues (id, name, reserved_sequence) VALUES (1, 'jobs', 1000000)",
    );
    const message = database.prepare(
      "INSERT INTO messages (id, queue_id, state, sequence_number, enqueued_at) VALUES (?, 1, 0, ?, 0)",
    );
    const content = database.prepare("INSERT INTO contents VALUES (?, ?)");
    for (let id = 1; id <= count; id += 1) {
      message.run(id, id);
      content.run(
        id,
        amqpMessages.encode({
          message_id: String(id),
          body: "x".repeat(bytes),
        }),
      );
    }
    database.exec("COMMIT");
    database.close();
  };

  it("takes little memory per message, and comes in order within the receiver's credit", async () => {
    const count = 60_000;
    fill(count, 2_000);
    const before = heapUsed();
    const { endpoint, client } = await start({ queues: [{ name: "jobs" }] });
    expect(endpoint.counts("jobs").active).toBe(count);
    const grown = heapUsed() - before;
    expect(grown / count).toBeLessThan(MAX_BYTES_PER_MESSAGE);

    const receiver = client.createReceiver("jobs");
    const received = await receiver.receiveMessages(50);
    expect(received.map(({ messageId }) => messageId)).toEqual(
      Array.from({ length: 50 }, (_, index) => String(index + 1)),
    );
    expect(endpoint.counts("jobs").active).toBe(count);
    expect(heapUsed() - before - grown).toBeLessThan(20_000_000);
  });

  it("goes on to where the queue now forwards, whole and in order, while others are served", async () => {
    const count = 3_000;
    fill(count, 10);
    const { endpoint, client } = await start({
      queues: [
        { name: "jobs", forwardTo: "archive" },
        { name: "archive" },
        { name: "other" },
      ],
    });
    await client.createSender("other").sendMessages({ body: "served" });
    const receiver = client.createReceiver("archive");
    const ids: unknown[] = [];
    while (ids.length < count) {
      const batch = await receiver.receiveMessages(500);
      ids.push(...batch.map(({ messageId }) => messageId));
      await Promise.all(batch.map((m) => receiver.completeMessage(m)));
    }
    expect(ids).toEqual(Array.from({ length: count }, (_, i) => String(i + 1)));
    expect(endpoint.counts("jobs").active).toBe(0);
    expect(endpoint.counts("other").active).toBe(1);
  });

  it("is moved to the present shape from a file of an older one", async () => {
    fill(3, 10, serviceBusMigrations.slice(0, 2));
    const { client } = await start({ queues: [{ name: "jobs" }] });
    const received = await client.createReceiver("jobs").receiveMessages(3);
    expect(received).toHaveLength(3);
  });

  it("stays with the queue whose name is now written in another case", async () => {
    fill(2, 1);
    const { endpoint, client } = await start({ queues: [{ name: "Jobs" }] });
    expect(endpoint.counts("jobs")).toMatchObject({ active: 2 });
    await client.createSender("Jobs").sendMessages({ body: 3 });
    await stop();
    const again = await start({ queues: [{ name: "jobs" }] });
    expect(again.endpoint.counts("jobs")).toMatchObject({ active: 3 });
  });

  it("goes to the dead letters where the queue now needs sessions and it has none", async () => {
    fill(2, 10);
    const queues = [{ name: "jobs", requiresSession: true }];
    const { endpoint, client } = await start({ queues });
    expect(endpoint.counts("jobs")).toMatchObject({
      active: 0,
      deadLettered: 2,
    });
    const [dead] = await client
      .createReceiver("jobs", { subQueueType: "deadLetter" })
      .receiveMessages(1);
    expect(dead?.deadLetterReason).toBe("Session ID is null");
  });

  it("holds sessions with their state", async () => {
    const queues = [{ name: "jobs", requiresSession: true }];
    const { client } = await start({ queues });
    await client.createSender("jobs").sendMessages([
      { sessionId: "s", body: 1 },
      { sessionId: "s", body: 2 },
    ]);
    const session = await client.acceptSession("jobs", "s");
    await session.setSessionState("half done");
    const [first] = await session.receiveMessages(1);
    expect(first?.body).toBe(1);
    await stop();

    const again = await start({ queues });
    const next = await again.client.acceptNextSession("jobs");
    expect(next.sessionId).toBe("s");
    expect(await next.getSessionState()).toBe("half done");
    const bodies = await next.receiveMessages(2);
    expect(bodies.map(({ body }) => body as unknown)).toEqual([1, 2]);
  });

  it("holds the rules that clients made, until other rules are declared", async () => {
    const declare = (sqlExpression: string) => ({
      queues: [],
      topics: [
        {
          name: "events",
          subscriptions: [
            {
              name: "s",
              rules: [{ name: "declared", filter: { sqlExpression } }],
            },
          ],
        },
      ],
    });
    const rulesOf = async (client: ServiceBusClient): Promise<string[]> => {
      const names: string[] = [];
      const rules = client.createRuleManager("events", "s").listRules();
      for await (const { name } of rules) names.push(name);
      return names.toSorted();
    };
    const first = await start(declare("1=0"));
    await first.client
      .createRuleManager("events", "s")
      .createRule("made", { sqlExpression: "1=1" });
    await stop();

    const second = await start(declare("1=0"));
    expect(await rulesOf(second.client)).toEqual(["declared", "made"]);
    await stop();

    const third = await start(declare("1=1"));
    expect(await rulesOf(third.client)).toEqual(["declared"]);
  });
});

describe("what cannot work is refused at the start", () => {
  const options = {
    file: ":memory:",
    host: "127.0.0.1",
    port: 0,
    log: () => {},
  } as const;

  it.each<[string, string, Pick<ServiceBusOptions, "queues" | "topics">]>([
    [
      "one name for two",
      "Two entities",
      { queues: [{ name: "a" }, { name: "A" }] },
    ],
    [
      "a queue and a topic of one name",
      "Two entities",
      {
        queues: [{ name: "a" }],
        topics: [{ name: "a", subscriptions: [] }],
      },
    ],
    [
      "forwarding to nowhere",
      "Nothing can be forwarded to b",
      { queues: [{ name: "a", forwardTo: "b" }] },
    ],
    [
      "forwarding to itself",
      "cannot forward to itself",
      { queues: [{ name: "a", forwardTo: "A" }] },
    ],
    [
      "forwarding to a dead-letter queue",
      "Nothing can be forwarded",
      {
        queues: [{ name: "a", forwardTo: "b/$deadletterqueue" }, { name: "b" }],
      },
    ],
    [
      "forwarding from sessions",
      "has sessions and cannot forward",
      {
        queues: [
          { name: "a", forwardTo: "b", requiresSession: true },
          { name: "b" },
        ],
      },
    ],
    [
      "a rule that cannot be understood",
      "ends too early",
      {
        queues: [],
        topics: [
          {
            name: "t",
            subscriptions: [
              {
                name: "s",
                rules: [{ name: "r", filter: { sqlExpression: "1 =" } }],
              },
            ],
          },
        ],
      },
    ],
  ])("%s", async (_, reason, definitions) => {
    await expect(
      startServiceBus({ ...options, ...definitions }),
    ).rejects.toThrow(reason);
  });
});

/** The heap in bytes, without what is garbage. */
function heapUsed(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}
