import { startServiceBus } from "../../../local/service-bus/start-service-bus.ts";

/** A broker in a process of its own, for tests that kill it: `node broker-process.ts <file>`, forked. */
const endpoint = await startServiceBus({
  file: process.argv[2] ?? "",
  host: "127.0.0.1",
  port: 0,
  queues: [{ name: "jobs", maxDeliveryCount: 100 }],
  log: () => {},
});
process.send?.(endpoint.connectionString);
