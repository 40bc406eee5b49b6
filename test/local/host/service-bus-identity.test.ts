import { EventEmitter, once } from "node:events";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { HostLogLine } from "../../../local/host/host-log.ts";
import { Tag, TraceParent } from "../../../shared/kernel/metadata.ts";
import { createServiceBusSender } from "../../../shared/messages/adapters/service-bus.ts";
import { defineChannel } from "../../../shared/messages/message-sender.ts";
import { z } from "zod";
import {
  appObjectId,
  type Identity,
  startIdentity,
} from "../../azure/identity.ts";
import {
  fullyQualifiedNamespace,
  serviceBusAudience,
  startTestBus,
} from "../service-bus/start-test-bus.ts";
import {
  cjsApp,
  runCleanups,
  startFixtureHost,
} from "./support/start-fixture-host.ts";

const channel = defineChannel({
  queue: "jobs",
  body: z.object({ id: z.number() }),
});
const traceparent = TraceParent.parse(
  `00-${"a".repeat(32)}-${"b".repeat(16)}-01`,
);
const app =
  cjsApp(`app.serviceBusQueue("take", { connection: "BUS", queueName: "jobs", handler: (message, context) => {
  context.log(JSON.stringify({ message, setting: process.env.BUS ?? "none", trace: context.traceContext.traceParent }));
} });`);

describe("a queue trigger that signs in with an identity", () => {
  const cleanups: (() => Promise<void> | void)[] = [];
  afterEach(() => runCleanups(cleanups));

  // One for all: the library keeps a managed identity's tokens for the whole process.
  let identity: Identity;
  const before = { ...process.env };
  beforeAll(async () => {
    identity = await startIdentity();
    Object.assign(process.env, identity.environment);
  });
  afterAll(async () => {
    process.env = before;
    await identity.close();
  });

  const startBus = async () => {
    const bus = await startTestBus({ identity, queues: [{ name: "jobs" }] });
    cleanups.push(bus.close);
    return bus;
  };

  const settingsOf = (port: number) => ({
    BUS__fullyQualifiedNamespace: fullyQualifiedNamespace,
    BUS__credential: "managedidentity",
    BUS__customEndpointAddress: `sb://localhost:${port}`,
  });

  it("takes the messages of its namespace, with their trace, and not those of the host's own endpoint", async () => {
    const bus = await startBus();
    const sender = createServiceBusSender(bus.connection);
    cleanups.push(() => sender.close());
    const events = new EventEmitter();
    const seen = once(events, "app-log");
    await startFixtureHost(app, cleanups, {
      log: (line) => events.emit(line.event, line),
      settings: settingsOf(bus.endpoint.port),
    });
    await sender.send(channel, {
      body: { id: 7 },
      messageId: Tag.parse("m-1"),
      traceparent,
    });
    const [line] = (await seen) as [HostLogLine];
    expect(JSON.parse(line.message ?? "")).toEqual({
      message: { id: 7 },
      setting: "none",
      trace: traceparent,
    });
    expect(identity.asked).toContain(serviceBusAudience);
  });

  it("says by code that its identity is refused, and starts all the same", async () => {
    const bus = await startTestBus({
      identity,
      queues: [{ name: "jobs" }],
      authorize: () => Promise.resolve(false),
    });
    cleanups.push(bus.close);
    const events = new EventEmitter();
    const refused = once(events, "service-bus-error");
    await startFixtureHost(app, cleanups, {
      log: (line) => events.emit(line.event, line),
      settings: settingsOf(bus.endpoint.port),
    });
    const [line] = (await refused) as [HostLogLine];
    expect(line).toMatchObject({
      functionName: "take",
      queue: "jobs",
      errorCode: "UnauthorizedAccess",
    });
  });

  it("says which setting is missing when the group is not whole", async () => {
    await expect(
      startFixtureHost(app, cleanups, {
        settings: { BUS__clientId: appObjectId },
      }),
    ).rejects.toThrow('"BUS__fullyQualifiedNamespace" is not set');
  });
});
