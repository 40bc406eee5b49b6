import { env } from "node:process";
import { afterAll, beforeAll, describe } from "vitest";
import { openMessageClient } from "../../../shared/messages/adapters/service-bus-connection.ts";
import { type Identity, startIdentity } from "../../azure/identity.ts";
import { contractQueues, contractTopics } from "./contract-bench.ts";
import { openRealNamespace } from "./real-namespace.ts";
import { serviceBusContract } from "./service-bus-contract.ts";
import { connectionForms, startTestBus } from "./start-test-bus.ts";
import { createVirtualClock } from "./virtual-clock.ts";

describe.each(connectionForms)("the local endpoint, by %s", (form) => {
  let identity: Identity;
  beforeAll(async () => {
    identity = await startIdentity();
  });
  afterAll(() => identity.close());

  serviceBusContract(async () => {
    const clock = createVirtualClock();
    const { connection, close } = await startTestBus({
      identity: form === "token" ? identity : undefined,
      queues: Object.values(contractQueues),
      topics: Object.values(contractTopics),
      clock,
    });
    return {
      connect: (options) => openMessageClient(connection, options),
      elapse: (ms) => {
        clock.advance(ms);
        return Promise.resolve();
      },
      close,
    };
  });
});

/** An empty namespace of Azure, with a connection string that has the Manage right: the same suite runs there as well. */
const realNamespace = env["NUCLEUS_TEST_SERVICE_BUS"];
if (realNamespace !== undefined) contractOnAzure(realNamespace);

function contractOnAzure(connectionString: string): void {
  // Time passes at its own pace there.
  describe("Azure Service Bus", { timeout: 300_000 }, () => {
    serviceBusContract(() => openRealNamespace(connectionString));
  });
}
