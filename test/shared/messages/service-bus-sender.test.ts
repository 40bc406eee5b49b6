import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { ManagedIdentityCredential } from "@azure/identity";
import { MessagingError, ServiceBusError } from "@azure/service-bus";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
} from "vitest";
import { z } from "zod";
import { Tag, TraceParent } from "../../../shared/kernel/metadata.ts";
import { createServiceBusAdministration } from "../../../shared/messages/adapters/service-bus-administration.ts";
import {
  openMessageClient,
  type ServiceBusConnection,
} from "../../../shared/messages/adapters/service-bus-connection.ts";
import { createServiceBusSender } from "../../../shared/messages/adapters/service-bus.ts";
import { toMessageFailure } from "../../../shared/messages/adapters/to-message-failure.ts";
import {
  defineChannel,
  type MessageSender,
} from "../../../shared/messages/message-sender.ts";
import { queues } from "../../../shared/messages/queues.ts";
import {
  appObjectId,
  type Identity,
  startIdentity,
} from "../../azure/identity.ts";
import {
  connectionForms,
  fullyQualifiedNamespace,
  serviceBusAudience,
  startTestBus,
  type TestBus,
} from "../../local/service-bus/start-test-bus.ts";

const channel = defineChannel({
  queue: queues[0].name,
  body: z.object({ schemaVersion: z.literal(1), jobId: Tag }),
});
const body = { schemaVersion: 1, jobId: Tag.parse("j-1") } as const;
const traceparent = TraceParent.parse(
  `00-${"a".repeat(32)}-${"b".repeat(16)}-01`,
);

describe("the Service Bus sender", () => {
  let identity: Identity;
  let bus: TestBus;
  const closing: (() => Promise<unknown> | void)[] = [];

  // One for all: the library keeps a managed identity's tokens for the whole process.
  beforeAll(async () => {
    identity = await startIdentity();
  });
  afterAll(() => identity.close());
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  const startBus = async (form: (typeof connectionForms)[number]) => {
    bus = await startTestBus({
      identity: form === "token" ? identity : undefined,
      queues,
    });
    closing.push(bus.close);
  };

  const open = (connection: ServiceBusConnection): MessageSender => {
    const sender = createServiceBusSender(connection);
    closing.push(() => sender.close());
    return sender;
  };

  /** A connection whose tokens are those of the managed identity. */
  const byManagedIdentity = (clientId?: string): ServiceBusConnection => {
    const before = { ...process.env };
    Object.assign(process.env, identity.environment);
    closing.push(() => {
      for (const name of Object.keys(identity.environment)) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
    });
    return {
      fullyQualifiedNamespace,
      credential: new ManagedIdentityCredential({
        retryOptions: { maxRetries: 0 },
        ...(clientId !== undefined && { clientId }),
      }),
      customEndpointAddress: `sb://localhost:${bus.endpoint.port}`,
    };
  };

  const received = async () => {
    const client = openMessageClient(bus.connection, {});
    closing.push(() => client.close());
    const [message] = await client
      .createReceiver(channel.queue)
      .receiveMessages(1);
    return message;
  };

  describe.each(connectionForms)("by %s", (form) => {
    beforeEach(() => startBus(form));

    it("sends a message with its trace, once per id", async () => {
      const sender = open(bus.connection);
      const messageId = Tag.parse("m-1");
      await sender.send(channel, { body, messageId, traceparent });
      await sender.send(channel, { body, messageId });
      expect(bus.endpoint.counts(channel.queue).active).toBe(1);
      expect(await received()).toMatchObject({
        body,
        messageId,
        contentType: "application/json",
        applicationProperties: { traceparent, "Diagnostic-Id": traceparent },
      });
    });

    it("sends for later", async () => {
      await open(bus.connection).send(channel, {
        body,
        messageId: Tag.parse("m-1"),
        visibleAtMs: Date.now() + 3_600_000,
      });
      expect(bus.endpoint.counts(channel.queue)).toMatchObject({
        active: 0,
        scheduled: 1,
      });
    });

    it("says whether messages could be sent", async () => {
      const sender = open(bus.connection);
      await sender.ping();
      await bus.close();
      closing.splice(closing.indexOf(bus.close), 1);
      await expect(sender.ping()).rejects.toMatchObject({
        code: "service_unavailable",
        retryable: true,
      });
    });
  });

  it("signs in with the managed identity, for Service Bus", async () => {
    await startBus("token");
    const sender = open(byManagedIdentity());
    await sender.send(channel, { body, messageId: Tag.parse("m-1") });
    expect(identity.asked).toEqual([serviceBusAudience]);
  });

  it("tells a missing role from a namespace that is down", async () => {
    await startBus("token");
    const connection: ServiceBusConnection = {
      fullyQualifiedNamespace,
      customEndpointAddress: `sb://localhost:${bus.endpoint.port}`,
      credential: {
        getToken: async () => ({
          token: await identity.token("https://vault.azure.net"),
          expiresOnTimestamp: Date.now() + 3_600_000,
        }),
      },
    };
    const denied = { code: "dependency_denied", deniedBy: "messages" };
    const sender = open(connection);
    await expect(
      sender.send(channel, { body, messageId: Tag.parse("m-1") }),
    ).rejects.toMatchObject(denied);
    await expect(sender.ping()).rejects.toMatchObject(denied);
    const administration = createServiceBusAdministration({
      connection,
      queues: [channel.queue],
    });
    await expect(administration.counts()).rejects.toMatchObject(denied);
    await expect(
      administration.listDeadLetters(channel.queue, { limit: 1 }),
    ).rejects.toMatchObject(denied);
  });

  it("says when there is no token", async () => {
    await startBus("token");
    identity.failWith(400);
    closing.push(() => identity.failWith(undefined));
    const connection = byManagedIdentity(appObjectId);
    const missing = { code: "identity_unavailable", retryable: true };
    await expect(
      open(connection).send(channel, { body, messageId: Tag.parse("m-1") }),
    ).rejects.toMatchObject(missing);
    const administration = createServiceBusAdministration({
      connection,
      queues: [channel.queue],
    });
    await expect(administration.counts()).rejects.toMatchObject(missing);
  });

  it("a namespace that does not answer is unavailable, for messages and administration", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    const connection = {
      connectionString: `Endpoint=sb://localhost:${port};SharedAccessKeyName=a;SharedAccessKey=a;UseDevelopmentEmulator=true`,
    };
    const down = { code: "service_unavailable" };
    await expect(
      open(connection).send(channel, { body, messageId: Tag.parse("m-1") }),
    ).rejects.toMatchObject(down);
    const administration = createServiceBusAdministration({
      connection,
      queues: [channel.queue],
    });
    await expect(administration.counts()).rejects.toMatchObject(down);
  });
});

describe("toMessageFailure", () => {
  it.each([
    [new ServiceBusError("words", "ServiceBusy"), "service_unavailable", true],
    [
      new ServiceBusError("words", "QuotaExceeded"),
      "service_unavailable",
      true,
    ],
    [
      new ServiceBusError("words", "UnauthorizedAccess"),
      "dependency_denied",
      false,
    ],
    [new MessagingError("words"), "service_unavailable", true],
    [
      new AggregateError([
        new ServiceBusError("words", "ServiceBusy"),
        new ServiceBusError("words", "UnauthorizedAccess"),
      ]),
      "dependency_denied",
      false,
    ],
    [new TypeError("words"), "service_unavailable", true],
  ] as const)("%s becomes %s, without its words", (thrown, code, retryable) => {
    const failure = toMessageFailure(thrown);
    expect(failure).toMatchObject({ code, retryable });
    expect(failure.message).not.toContain("words");
  });
});
