import { ServiceBusClient } from "@azure/service-bus";
import { expect, test } from "vitest";
import { startTestHost } from "../../../local/testing/index.ts";
import { defineOrdersApp, noEffects } from "./orders-app.ts";

const queues = [{ name: "shipments" }];

test("ninety days pass in a test: the reminders go out and the order ends unpaid", async () => {
  const effects = noEffects();
  await using host = await startTestHost({
    app: defineOrdersApp(effects),
    queues,
  });
  const id = await host.client.start("order", "o1");
  const ended = await host.waitFor(id, { within: "91d" });
  expect(ended).toMatchObject({
    runtimeStatus: "Completed",
    output: { reservation: "r-o1", paid: null },
  });
  expect(effects.reminded).toEqual(["o1", "o1", "o1"]);
  expect(host.now()).toEqual(new Date("2026-04-01T00:00:00.000Z"));
});

test("an HTTP function starts an instance through its durable client; the event that ends it comes days later", async () => {
  await using host = await startTestHost({
    app: defineOrdersApp(noEffects()),
    queues,
  });
  const answer = await host.fetch("/api/orders/o7", { method: "POST" });
  expect(answer.status).toBe(202);
  const links = (await answer.json()) as { statusQueryGetUri: string };
  await host.advance("2.5d");
  await host.client.raise("o7", "paid", 12);
  expect((await host.waitFor("o7")).output).toEqual({
    reservation: "r-o7",
    paid: 12,
    day: 3,
  });
  const status = await fetch(links.statusQueryGetUri);
  expect(await status.json()).toMatchObject({ runtimeStatus: "Completed" });
});

test("an instance that waits for nothing that time brings is told so", async () => {
  await using host = await startTestHost({
    app: defineOrdersApp(noEffects()),
    queues,
  });
  await host.client.start("order", "o1", { instanceId: "o1" });
  await expect(host.waitFor("o1", { within: "3d" })).rejects.toThrow(
    /Instance "o1" of "order" is still Running at 2026-01-04/,
  );
});

test("a message reaches its function; a scheduled one when its time has come", async () => {
  const effects = noEffects();
  await using host = await startTestHost({
    app: defineOrdersApp(effects),
    queues,
  });
  await using client = Object.assign(
    new ServiceBusClient(host.serviceBusConnectionString),
    {
      async [Symbol.asyncDispose](this: ServiceBusClient) {
        await this.close();
      },
    },
  );
  const sender = client.createSender("shipments");
  await sender.sendMessages({ body: "now" });
  await host.settle();
  expect(effects.shipped).toEqual(["now"]);
  await sender.scheduleMessages(
    { body: "tomorrow" },
    new Date(host.now().getTime() + 86_400_000),
  );
  await host.advance("23h");
  expect(effects.shipped).toEqual(["now"]);
  await host.advance("1h");
  expect(effects.shipped).toEqual(["now", "tomorrow"]);
});

test("a host that is restarted goes on where it was", async () => {
  await using host = await startTestHost({
    app: defineOrdersApp(noEffects()),
    queues,
  });
  const id = await host.client.start("order", "o1");
  await host.advance("10d");
  await host.restart();
  await host.client.raise(id, "paid", true);
  expect((await host.waitFor(id)).output).toMatchObject({ day: 11 });
});
