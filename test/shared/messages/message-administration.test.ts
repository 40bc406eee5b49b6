import { randomUUID } from "node:crypto";
import { env } from "node:process";
import {
  ServiceBusAdministrationClient,
  ServiceBusClient,
} from "@azure/service-bus";
import { afterAll, beforeAll, describe } from "vitest";
import { createServiceBusAdministration } from "../../../shared/messages/adapters/service-bus-administration.ts";
import { openMessageClient } from "../../../shared/messages/adapters/service-bus-connection.ts";
import { type Identity, startIdentity } from "../../azure/identity.ts";
import {
  type AdministeredNamespace,
  describeMessageAdministrationContract,
} from "../../contracts/message-administration.ts";
import {
  connectionForms,
  startTestBus,
} from "../../local/service-bus/start-test-bus.ts";

describe.each(connectionForms)("by %s", (form) => {
  let identity: Identity;
  beforeAll(async () => {
    identity = await startIdentity();
  });
  afterAll(() => identity.close());

  describeMessageAdministrationContract("the local endpoint", async () => {
    const queues = ["first", "second"] as const;
    const bus = await startTestBus({
      identity: form === "token" ? identity : undefined,
      queues: [
        { name: queues[0], duplicateDetectionWindowMs: 600_000 },
        { name: queues[1] },
      ],
    });
    const { connection } = bus;
    const administration = createServiceBusAdministration({
      connection,
      queues,
    });
    const client = openMessageClient(connection, {});
    return {
      queues,
      administration,
      client,
      async close() {
        await client.close();
        await bus.close();
      },
    };
  });
});

/** A namespace of Azure, with a connection string that has the Manage right: the same suite runs there as well. */
const realNamespace = env["NUCLEUS_TEST_SERVICE_BUS"];
if (realNamespace !== undefined) {
  describeMessageAdministrationContract("Azure Service Bus", () =>
    openRealNamespace(realNamespace),
  );
}

/** Makes two queues of its own, and deletes them in the end. */
async function openRealNamespace(
  connectionString: string,
): Promise<AdministeredNamespace> {
  const run = randomUUID();
  const queues = [`contract-${run}-1`, `contract-${run}-2`] as const;
  const owner = new ServiceBusAdministrationClient(connectionString);
  for (const queue of queues) {
    await owner.createQueue(queue, { requiresDuplicateDetection: true });
  }
  const administration = createServiceBusAdministration({
    connection: { connectionString },
    queues,
  });
  const client = new ServiceBusClient(connectionString);
  return {
    queues,
    administration,
    client,
    async close() {
      await client.close();
      for (const queue of queues) await owner.deleteQueue(queue);
    },
  };
}
