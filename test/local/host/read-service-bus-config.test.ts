import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readServiceBusConfig } from "../../../local/host/read-service-bus-config.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nucleus-config-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function read(queues: unknown[], topics: unknown[] = []): unknown {
  const file = join(folder, "Config.json");
  const namespace = { Name: "sbemulatorns", Queues: queues, Topics: topics };
  writeFileSync(
    file,
    JSON.stringify({ UserConfig: { Namespaces: [namespace] } }),
  );
  return readServiceBusConfig(file);
}

describe("readServiceBusConfig", () => {
  it("reads the queues of an emulator configuration", () => {
    expect(
      read([
        { Name: "plain" },
        {
          Name: "jobs",
          Properties: {
            DeadLetteringOnMessageExpiration: true,
            DefaultMessageTimeToLive: "P1DT1H",
            DuplicateDetectionHistoryTimeWindow: "PT20S",
            ForwardDeadLetteredMessagesTo: "",
            ForwardTo: "",
            LockDuration: "PT1M",
            MaxDeliveryCount: 3,
            RequiresDuplicateDetection: true,
            RequiresSession: false,
          },
        },
      ]),
    ).toEqual([
      { name: "plain" },
      {
        name: "jobs",
        lockDurationMs: 60_000,
        maxDeliveryCount: 3,
        duplicateDetectionWindowMs: 20_000,
        defaultMessageTtlMs: 25 * 3_600_000,
        deadLetteringOnMessageExpiration: true,
      },
    ]);
  });

  it.each([
    [{ RequiresSession: true }, "sessions are not supported"],
    [{ ForwardTo: "other" }, "forwarding is not supported"],
    [{ LockDuration: "1 minute" }, "ISO 8601 duration"],
    [{ MaxDeliveryCount: 0 }, "MaxDeliveryCount"],
  ])("refuses %j by name", (Properties, named) => {
    expect(() => read([{ Name: "jobs", Properties }])).toThrow(named);
  });

  it("refuses topics by name, and says what is missing", () => {
    expect(() => read([], [{ Name: "t" }])).toThrow("topics are not supported");
    expect(() => readServiceBusConfig(join(folder, "none.json"))).toThrow(
      "none.json is missing",
    );
  });
});
