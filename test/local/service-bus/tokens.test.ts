import { EventEmitter, once } from "node:events";
import type { TokenCredential } from "@azure/identity";
import {
  ServiceBusAdministrationClient,
  ServiceBusClient,
} from "@azure/service-bus";
import rhea, { type Connection, type EventContext } from "rhea";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { trustedCertificate } from "../../azure/certificate.ts";
import { type Identity, startIdentity } from "../../azure/identity.ts";
import {
  fullyQualifiedNamespace,
  serviceBusAudience,
  startTestBus,
  type TestBus,
} from "./start-test-bus.ts";
import { createVirtualClock, type VirtualClock } from "./virtual-clock.ts";

/** The client asks for a new token this long before the old one ends. */
const renewalLeadMs = 2 * 60_000;
const hourMs = 60 * 60_000;

describe("an endpoint that takes tokens", () => {
  let identity: Identity;
  let bus: TestBus;
  let clock: VirtualClock;
  const closing: (() => Promise<unknown> | void)[] = [];

  beforeEach(async () => {
    identity = await startIdentity();
    clock = createVirtualClock();
    bus = await startTestBus({
      identity,
      queues: [{ name: "jobs" }, { name: "other" }],
      clock,
    });
    closing.push(() => identity.close(), bus.close);
  });
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  const connect = (
    credential: TokenCredential,
    maxRetries = 0,
  ): ServiceBusClient => {
    const client = new ServiceBusClient(fullyQualifiedNamespace, credential, {
      customEndpointAddress: `sb://localhost:${bus.endpoint.port}`,
      retryOptions: { maxRetries, retryDelayInMs: 1, timeoutInMs: 5_000 },
    });
    closing.push(() => client.close());
    return client;
  };

  /** Tokens of one lifetime after the other, the last one for ever; `given` is called with each. */
  const credentialOf = (
    lifetimesMs: readonly number[],
    given: (count: number) => void = () => {},
  ): TokenCredential => {
    let count = 0;
    return {
      async getToken() {
        const lifetimeMs = lifetimesMs[count] ?? lifetimesMs.at(-1) ?? hourMs;
        const expiresOnTimestamp = Date.now() + lifetimeMs;
        const token = await identity.token(serviceBusAudience, {
          exp: Math.floor(expiresOnTimestamp / 1000),
        });
        count += 1;
        given(count);
        return { token, expiresOnTimestamp };
      },
    };
  };

  const roundTrip = async (client: ServiceBusClient): Promise<unknown> => {
    await client.createSender("jobs").sendMessages({ body: "alive" });
    const receiver = client.createReceiver("jobs", {
      receiveMode: "receiveAndDelete",
    });
    const [message] = await receiver.receiveMessages(1);
    return message?.body;
  };

  it.each([
    ["for another audience", { aud: "https://vault.azure.net" }],
    ["that has expired", { exp: 1_000_000_000 }],
  ])("refuses a token %s", async (_, claims) => {
    const client = connect({
      getToken: async () => ({
        token: await identity.token(serviceBusAudience, claims),
        expiresOnTimestamp: Date.now() + hourMs,
      }),
    });
    await expect(roundTrip(client)).rejects.toMatchObject({
      code: "UnauthorizedAccess",
    });
  });

  it.each(["no token", "a.b.c", `a.${btoa("[]")}.c`])(
    "refuses what is no token: %s",
    async (token) => {
      const client = connect({
        getToken: () =>
          Promise.resolve({ token, expiresOnTimestamp: Date.now() + hourMs }),
      });
      await expect(roundTrip(client)).rejects.toMatchObject({
        code: "UnauthorizedAccess",
      });
    },
  );

  it("refuses a shared key, as a namespace without local authentication does", async () => {
    const client = new ServiceBusClient(bus.endpoint.connectionString, {
      retryOptions: { maxRetries: 0 },
    });
    closing.push(() => client.close());
    await expect(roundTrip(client)).rejects.toMatchObject({
      code: "UnauthorizedAccess",
    });
  });

  it("a token put in time saves the links", async () => {
    const renewed = Promise.withResolvers<void>();
    const lifetimesMs = [renewalLeadMs + 1_500, renewalLeadMs + 1_500, hourMs];
    // The sender's and the receiver's first tokens, then the first renewal.
    const client = connect(
      credentialOf(lifetimesMs, (count) => {
        if (count === 4) renewed.resolve();
      }),
    );
    expect(await roundTrip(client)).toBe("alive");
    await renewed.promise;
    expect(await roundTrip(client)).toBe("alive");
    clock.advance(renewalLeadMs + 5_000);
    expect(await roundTrip(client)).toBe("alive");
  });

  it("a token that expires takes the links of its entity with it, and a new one lets the client in again", async () => {
    // The sender's and the receiver's first tokens, then those after the end of the first.
    const client = connect(credentialOf([hourMs, hourMs, 3 * hourMs]), 3);
    const sender = client.createSender("jobs");
    await sender.sendMessages({ body: "before" });
    const received = new EventEmitter();
    const receiver = client.createReceiver("jobs", {
      receiveMode: "receiveAndDelete",
    });
    receiver.subscribe({
      processMessage({ body }) {
        received.emit("message", body);
        return Promise.resolve();
      },
      processError({ error }) {
        received.emit("failure", error);
        return Promise.resolve();
      },
    });
    expect(await once(received, "message")).toEqual(["before"]);

    const failure = once(received, "failure");
    clock.advance(hourMs + 1_000);
    expect(await failure).toMatchObject([{ code: "UnauthorizedAccess" }]);

    const after = once(received, "message");
    await sender.sendMessages({ body: "after" });
    expect(await after).toEqual(["after"]);
  });

  describe("a client with manners of its own", () => {
    const connectRaw = async (): Promise<Connection> => {
      const { cert } = await trustedCertificate();
      const connection = rhea.create_container().connect({
        host: "localhost",
        port: bus.endpoint.port,
        transport: "tls",
        ca: cert,
        username: "anonymous",
        reconnect: false,
      });
      connection.on("disconnected", () => {});
      closing.push(() => connection.close());
      return connection;
    };

    /** Puts a token for an entity and answers with the status. */
    const putToken = async (
      connection: Connection,
      entity: string,
      properties: object = {},
    ): Promise<unknown> => {
      const replies = connection.open_receiver({
        source: "$cbs",
        target: { address: `reply-${entity}` },
      });
      const requests = connection.open_sender("$cbs");
      await once(requests, "sendable");
      const reply = once(replies, "message");
      requests.send({
        message_id: "1",
        reply_to: `reply-${entity}`,
        body: await identity.token(serviceBusAudience),
        application_properties: {
          operation: "put-token",
          type: "jwt",
          name: `sb://${fullyQualifiedNamespace}/${entity}`,
          ...properties,
        },
      });
      const [event] = (await reply) as [EventContext];
      return event.message?.application_properties?.["status-code"];
    };

    const attach = async (
      connection: Connection,
      address: string,
    ): Promise<unknown> => {
      const sender = connection.open_sender(address);
      const refused = once(sender, "sender_error").then(
        () => (sender.error as { condition?: string }).condition,
      );
      return Promise.race([
        refused,
        once(sender, "sendable").then(() => "open"),
      ]);
    };

    it("gets no link without a token, to no node of an entity", async () => {
      const connection = await connectRaw();
      for (const address of ["jobs", "jobs/$management", "nowhere"]) {
        expect(await attach(connection, address)).toBe(
          "amqp:unauthorized-access",
        );
      }
    });

    it("gets links to the entity of its token only", async () => {
      const connection = await connectRaw();
      expect(await putToken(connection, "jobs")).toBe(200);
      expect(await attach(connection, "JOBS")).toBe("open");
      expect(await attach(connection, "jobs/$management")).toBe("open");
      expect(await attach(connection, "other")).toBe(
        "amqp:unauthorized-access",
      );
      const second = await connectRaw();
      expect(await attach(second, "jobs")).toBe("amqp:unauthorized-access");
    });

    it("gets links to every entity with a token for the namespace", async () => {
      const connection = await connectRaw();
      expect(await putToken(connection, "")).toBe(200);
      expect(await attach(connection, "jobs")).toBe("open");
      expect(await attach(connection, "other")).toBe("open");
    });

    it("is told when a request is none", async () => {
      const connection = await connectRaw();
      expect(
        await putToken(connection, "jobs", { operation: "take-token" }),
      ).toBe(400);
    });
  });
});

describe("an endpoint over TLS without tokens", () => {
  it("takes its connection string, for messages and administration", async () => {
    const bus = await startTestBus({
      tls: await trustedCertificate(),
      queues: [{ name: "jobs" }],
    });
    const { connectionString } = bus.endpoint;
    const client = new ServiceBusClient(connectionString);
    await client.createSender("jobs").sendMessages({ body: 1 });
    const administration = new ServiceBusAdministrationClient(connectionString);
    expect(
      await administration.getQueueRuntimeProperties("jobs"),
    ).toMatchObject({ activeMessageCount: 1 });
    await client.close();
    await bus.close();
  });
});
