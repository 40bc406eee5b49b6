import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "vitest";
import { startServiceBus } from "../../../local/service-bus/start-service-bus.ts";
import { contractQueues } from "./contract-bench.ts";
import { serviceBusContract } from "./service-bus-contract.ts";
import { createVirtualClock } from "./virtual-clock.ts";

describe("the local endpoint", () => {
  serviceBusContract(async () => {
    const home = mkdtempSync(join(tmpdir(), "service-bus-"));
    const clock = createVirtualClock();
    const endpoint = await startServiceBus({
      file: join(home, "service-bus.db"),
      host: "127.0.0.1",
      port: 0,
      queues: Object.values(contractQueues),
      log: () => {},
      clock,
    });
    return {
      connectionString: endpoint.connectionString,
      elapse: (ms) => {
        clock.advance(ms);
        return Promise.resolve();
      },
      async close() {
        await endpoint.close();
        rmSync(home, { recursive: true });
      },
    };
  });
});
