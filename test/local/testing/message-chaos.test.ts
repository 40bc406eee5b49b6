import { ServiceBusClient } from "@azure/service-bus";
import { expect, test } from "vitest";
import {
  defineTestApp,
  startTestHost,
  type TestHost,
} from "../../../local/testing/index.ts";
import { app as functions } from "@azure/functions";

const taken: unknown[] = [];
const app = defineTestApp(() => {
  functions.serviceBusQueue("take", {
    connection: "AzureWebJobsServiceBus",
    queueName: "letters",
    handler: (_message, context) =>
      void taken.push(context.triggerMetadata?.["deliveryCount"]),
  });
  functions.serviceBusQueue("take-many", {
    connection: "AzureWebJobsServiceBus",
    queueName: "parcels",
    cardinality: "many",
    handler: (messages) => void taken.push(messages),
  });
  functions.http("hello", { handler: () => ({ body: "hello" }) });
});
const queues = [{ name: "letters" }, { name: "parcels" }];

async function send(
  host: TestHost,
  queue: string,
  bodies: readonly unknown[],
): Promise<void> {
  const client = new ServiceBusClient(host.serviceBusConnectionString);
  await client
    .createSender(queue)
    .sendMessages(bodies.map((body) => ({ body })));
  await client.close();
}

async function hostWithLateResults(byMs: number): Promise<TestHost> {
  taken.length = 0;
  const lateResults = { probability: 1, byMs };
  return startTestHost({ app, queues, chaos: { seed: 2, lateResults } });
}

test("the result for a message comes late: the host settles meanwhile, and the message is done when time has passed", async () => {
  await using host = await hostWithLateResults(10_000);
  await send(host, "letters", [1]);
  await host.settle();
  await host.advance("1d");
  expect(taken).toEqual([1]);
});

test("the result for a batch comes late", async () => {
  await using host = await hostWithLateResults(10_000);
  await send(host, "parcels", ["a", "b"]);
  await host.settle();
  await host.advance("1d");
  expect(taken).toEqual([["a", "b"]]);
});

test("a result that comes after the message's lock has ended: the message is delivered again", async () => {
  await using host = await hostWithLateResults(600_000);
  await send(host, "letters", [1]);
  await host.advance("2h");
  expect(taken.slice(0, 2)).toEqual([1, 2]);
});

test("a host that is closed while a message's result is held back lets it go", async () => {
  const host = await hostWithLateResults(10_000);
  await send(host, "letters", [1]);
  await host.settle();
  await host.close();
  expect(taken).toContain(1);
});

test("an answer over HTTP is not held back: who waits for it could not move the time", async () => {
  await using host = await hostWithLateResults(10_000);
  expect(await (await host.fetch("/api/hello")).text()).toBe("hello");
  expect(host.chaos.events).toEqual([]);
});
