import type { ServiceBusClient } from "@azure/service-bus";
import { afterEach, beforeEach } from "vitest";
import type { ContractBench, NamespaceUnderTest } from "./contract-bench.ts";
import { forwardingContract } from "./forwarding-contract.ts";
import { receivingContract } from "./receiving-contract.ts";
import { sessionsContract } from "./sessions-contract.ts";
import { sendingContract } from "./sending-contract.ts";
import { settlingContract } from "./settling-contract.ts";
import { topicsContract } from "./topics-contract.ts";

/** What any Service Bus must do for the real client, whoever runs it. */
export function serviceBusContract(
  open: () => Promise<NamespaceUnderTest>,
): void {
  let namespace: NamespaceUnderTest;
  let client: ServiceBusClient;

  beforeEach(async () => {
    namespace = await open();
    client = namespace.connect({ retryOptions: { maxRetries: 0 } });
  });

  afterEach(async () => {
    await client.close();
    await namespace.close();
  });

  const bench: ContractBench = {
    client: () => client,
    namespace: () => namespace,
    open: (name = "plain") => ({
      sender: client.createSender(name),
      receiver: client.createReceiver(name, {
        maxAutoLockRenewalDurationInMs: 0,
      }),
    }),
    openDeadLetters: (name = "plain") =>
      client.createReceiver(name, { subQueueType: "deadLetter" }),
  };
  sendingContract(bench);
  settlingContract(bench);
  receivingContract(bench);
  sessionsContract(bench);
  topicsContract(bench);
  forwardingContract(bench);
}
