import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect as connectSocket, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServiceBusClient } from "@azure/service-bus";
import * as fc from "fast-check";
import rhea, { type Connection, type EventContext } from "rhea";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type ServiceBusEndpoint,
  startServiceBus,
} from "../../../local/service-bus/start-service-bus.ts";

const SECRET = "planted-marker-in-a-body";

describe("the endpoint", () => {
  let home: string;
  let endpoint: ServiceBusEndpoint;
  let client: ServiceBusClient;
  let lines: string[];
  let raw: Connection[];

  const start = (port = 0) =>
    startServiceBus({
      file: join(home, `service-bus-${port}.db`),
      host: "127.0.0.1",
      port,
      queues: [
        { name: "jobs" },
        { name: "brief", lockDurationMs: 1_500 },
        { name: "talks", requiresSession: true },
      ],
      log: (_level, message) => lines.push(message),
    });

  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), "service-bus-"));
    lines = [];
    raw = [];
    endpoint = await start();
    client = new ServiceBusClient(endpoint.connectionString, {
      retryOptions: { maxRetries: 0 },
    });
  });

  afterEach(async () => {
    for (const connection of raw) connection.close();
    await client.close();
    await endpoint.close();
    rmSync(home, { recursive: true });
  });

  /** An AMQP connection without the Azure client's manners. */
  const connectRaw = (): Connection => {
    const connection = rhea.create_container().connect({
      host: "127.0.0.1",
      port: endpoint.port,
      username: "anonymous",
      reconnect: false,
    });
    connection.on("disconnected", () => {});
    raw.push(connection);
    return connection;
  };

  const roundTrip = async (): Promise<unknown> => {
    await client.createSender("jobs").sendMessages({ body: "alive" });
    const receiver = client.createReceiver("jobs", {
      receiveMode: "receiveAndDelete",
    });
    const [message] = await receiver.receiveMessages(1);
    await receiver.close();
    return message?.body;
  };

  it("a port that is taken rejects with the system's code", async () => {
    await expect(start(endpoint.port)).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
  });

  it("counts know their queues only", () => {
    expect(endpoint.counts("jobs")).toEqual({
      active: 0,
      scheduled: 0,
      deferred: 0,
      deadLettered: 0,
      transferDeadLettered: 0,
    });
    expect(() => endpoint.counts("nowhere")).toThrow(RangeError);
  });

  it("bytes that are not AMQP end that connection and nothing else", async () => {
    const garbage = fc.sample(fc.uint8Array({ minLength: 1, maxLength: 400 }), {
      numRuns: 30,
      seed: 7,
    });
    const headers = [
      Buffer.alloc(0),
      Buffer.from("AMQP\0\x01\0\0", "latin1"),
      Buffer.from("AMQP\x03\x01\0\0", "latin1"),
    ];
    for (const [index, bytes] of garbage.entries()) {
      const socket = connectSocket(endpoint.port, "127.0.0.1");
      socket.on("error", () => {});
      await once(socket, "connect");
      const frame = Buffer.concat([
        Buffer.from([0, 0, 0, 8 + (bytes.length % 200), 2, 0, 0, 0]),
        bytes,
      ]);
      socket.write(Buffer.concat([headers[index % 3] ?? frame, frame]));
      socket.end();
      socket.resume();
      await once(socket, "close");
    }
    expect(await roundTrip()).toBe("alive");
  });

  it("a malformed message is refused, and its sender goes on", async () => {
    const connection = connectRaw();
    const sender = connection.open_sender("jobs");
    await once(sender, "sendable");
    const rejected = once(sender, "rejected");
    sender.send(Buffer.from(`\0\x53\x75\xa0\xff${SECRET}`, "latin1"), "a", 0);
    const [event] = (await rejected) as [EventContext];
    expect(event.delivery?.remote_state?.["error"]).toMatchObject({
      condition: "amqp:decode-error",
    });
    const accepted = once(sender, "accepted");
    sender.send({ body: "fine" });
    await accepted;
    expect(endpoint.counts("jobs").active).toBe(1);
    expect(lines.join("\n")).not.toContain(SECRET);
  });

  it("who schedules more than a request can hold is told so at once", async () => {
    const sender = client.createSender("jobs");
    const at = new Date(Date.now() + 60_000);
    const large = Array.from({ length: 6 }, () => ({
      body: "x".repeat(100_000),
    }));
    await expect(sender.scheduleMessages(large, at)).rejects.toMatchObject({
      code: "MessageSizeExceeded",
    });
    await sender.scheduleMessages({ body: "small" }, at);
    expect(endpoint.counts("jobs").scheduled).toBe(1);
  });

  it("a client that vanishes in the middle of a message leaves nothing behind", async () => {
    const connection = connectRaw();
    const sender = connection.open_sender("jobs");
    await once(sender, "sendable");
    const { socket } = connection as unknown as { socket: Socket };
    const gone = once(socket, "close");
    const write = socket.write.bind(socket);
    socket.write = (frame: Uint8Array) => {
      socket.write = () => true;
      return write(frame, () => socket.destroy());
    };
    sender.send({ body: rhea.message.data_section(Buffer.alloc(200_000, 1)) });
    await gone;
    expect(await roundTrip()).toBe("alive");
  });

  it("refuses transactions by name of the condition", async () => {
    const coordinator = connectRaw().open_sender({ target: {} });
    const [event] = (await once(coordinator, "sender_error")) as [EventContext];
    expect(event.sender?.error).toMatchObject({
      condition: "amqp:not-implemented",
    });
  });

  it("nobody sends to a dead-letter queue", async () => {
    const sender = connectRaw().open_sender("jobs/$deadletterqueue");
    const [event] = (await once(sender, "sender_error")) as [EventContext];
    expect(event.sender?.error).toMatchObject({
      condition: "amqp:not-allowed",
    });
  });

  it("hands out as many messages as there is credit for", async () => {
    const batch = Array.from({ length: 10 }, (_, body) => ({ body }));
    await client.createSender("jobs").sendMessages(batch);
    const receiver = connectRaw().open_receiver({
      source: "jobs",
      credit_window: 0,
      autoaccept: false,
    });
    const received: unknown[] = [];
    receiver.on("message", () => received.push(1));
    await once(receiver, "receiver_open");
    receiver.add_credit(3);
    while (received.length < 3) await once(receiver, "message");
    receiver.add_credit(20);
    while (received.length < 10) await once(receiver, "message");
    const drained = once(receiver, "receiver_drained");
    receiver.drain_credit();
    await drained;
    expect(received).toHaveLength(10);
  });

  it("credit that was given before there was a session counts", async () => {
    const receiver = connectRaw().open_receiver({
      source: {
        address: "talks",
        filter: { "com.microsoft:session-filter": null },
      },
      credit_window: 0,
      autoaccept: false,
    });
    receiver.add_credit(1);
    const received = once(receiver, "message");
    await once(receiver.connection, "connection_open");
    await client
      .createSender("talks")
      .sendMessages({ sessionId: "s", body: "hello" });
    const [event] = (await received) as [EventContext];
    expect(event.message?.group_id).toBe("s");
  });

  it("one link carries more messages than rhea's ring has slots", async () => {
    const sender = client.createSender("jobs");
    const receiver = client.createReceiver("jobs");
    for (let sent = 0; sent < 6_000; sent += 1_000) {
      const bodies = Array.from({ length: 1_000 }, (_, i) => ({ body: i }));
      await sender.sendMessages(bodies);
      const received = await receiver.receiveMessages(1_000);
      expect(received).toHaveLength(1_000);
      await Promise.all(received.map((m) => receiver.completeMessage(m)));
    }
    expect(endpoint.counts("jobs").active).toBe(0);
  });

  it("application properties of every AMQP type come out as they went in", async () => {
    const { types, message } = rhea;
    const properties = {
      ubyte: types.wrap_ubyte(1),
      ushort: types.wrap_ushort(2),
      uint: types.wrap_uint(3),
      ulong: types.wrap_ulong(4),
      byte: types.wrap_byte(-1),
      short: types.wrap_short(-2),
      int: types.wrap_int(-3),
      long: types.wrap_long(Buffer.from("7fffffffffffffff", "hex")),
      float: types.wrap_float(0.5),
      double: types.wrap_double(3),
      timestamp: types.wrap_timestamp(1_000),
      uuid: types.wrap_uuid(Buffer.alloc(16, 7)),
      binary: types.wrap_binary(Buffer.from([1, 2])),
      symbol: types.wrap_symbol("sym"),
      char: types.wrap_char(65),
    };
    const connection = connectRaw();
    const sender = connection.open_sender("jobs");
    await once(sender, "sendable");
    const bytes = message.encode({ application_properties: properties });
    sender.send(bytes, "t", 0);
    const receiver = connection.open_receiver({
      source: "jobs",
      autoaccept: false,
    });
    const [first] = (await once(receiver, "message")) as [EventContext];
    const again = once(receiver, "message");
    first.delivery?.modified({
      undeliverable_here: false,
      message_annotations: { added: true },
    });
    const [second] = (await again) as [EventContext];
    expect(second.message?.["application_properties"]).toEqual({
      ...(first.message?.["application_properties"] as object),
      added: true,
    });
    const sent = message.decode(bytes)["application_properties"] as object;
    expect(first.message?.["application_properties"]).toEqual(sent);
  });

  it("the client's automatic renewal keeps a lock", async () => {
    const sender = client.createSender("brief");
    await sender.sendMessages({ body: 1 });
    const receiver = client.createReceiver("brief", {
      maxAutoLockRenewalDurationInMs: 20_000,
    });
    const [message] = await receiver.receiveMessages(1);
    if (message === undefined) throw new Error("no message came");
    const first = message.lockedUntilUtc?.getTime() ?? 0;
    const rival = client.createReceiver("brief");
    expect(await rival.receiveMessages(1, { maxWaitTimeInMs: 2_500 })).toEqual(
      [],
    );
    expect(message.lockedUntilUtc?.getTime()).toBeGreaterThan(first);
    await receiver.completeMessage(message);
  });

  it("close says goodbye to the clients it still has", async () => {
    const connection = connectRaw();
    await once(connection, "connection_open");
    const gone = once(connection, "disconnected");
    const closed = once(connection, "connection_close");
    await endpoint.close();
    const [event] = (await closed) as [EventContext];
    expect(event.connection.error).toMatchObject({
      condition: "amqp:connection:forced",
    });
    await gone;
    endpoint = await start();
  });
});
