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
    ).toEqual({
      queues: [
        { name: "plain" },
        {
          name: "jobs",
          lockDurationMs: 60_000,
          maxDeliveryCount: 3,
          duplicateDetectionWindowMs: 20_000,
          defaultMessageTtlMs: 25 * 3_600_000,
          deadLetteringOnMessageExpiration: true,
        },
      ],
      topics: [],
    });
  });

  it("reads topics with their subscriptions, sessions, forwards and rules", () => {
    const rules = [
      {
        Name: "big",
        Properties: {
          FilterType: "Sql",
          SqlFilter: { SqlExpression: "size > 10" },
          Action: { SqlExpression: "" },
        },
      },
      {
        Name: "ours",
        Properties: {
          FilterType: "Correlation",
          CorrelationFilter: {
            Label: "order",
            To: "",
            Properties: { region: "eu" },
          },
        },
      },
    ];
    expect(
      read(
        [{ Name: "all", Properties: { RequiresSession: true } }],
        [
          {
            Name: "orders",
            Properties: { DefaultMessageTimeToLive: "PT1H" },
            Subscriptions: [
              { Name: "every", Properties: { ForwardTo: "audit" } },
              { Name: "some", Rules: rules },
            ],
          },
        ],
      ),
    ).toEqual({
      queues: [{ name: "all", requiresSession: true }],
      topics: [
        {
          name: "orders",
          defaultMessageTtlMs: 3_600_000,
          subscriptions: [
            { name: "every", forwardTo: "audit" },
            {
              name: "some",
              rules: [
                { name: "big", filter: { sqlExpression: "size > 10" } },
                {
                  name: "ours",
                  filter: {
                    subject: "order",
                    applicationProperties: { region: "eu" },
                  },
                },
              ],
            },
          ],
        },
      ],
    });
  });

  it.each([
    [{ LockDuration: "1 minute" }, "ISO 8601 duration"],
    [{ MaxDeliveryCount: 0 }, "MaxDeliveryCount"],
  ])("refuses %j by name", (Properties, named) => {
    expect(() => read([{ Name: "jobs", Properties }])).toThrow(named);
  });

  it("refuses a rule's action by name, and says what is missing", () => {
    const Properties = {
      FilterType: "Sql",
      SqlFilter: { SqlExpression: "1=1" },
      Action: { SqlExpression: "SET a = 1" },
    };
    const Subscriptions = [{ Name: "s", Rules: [{ Name: "r", Properties }] }];
    expect(() => read([], [{ Name: "t", Subscriptions }])).toThrow(
      "actions of rules are not supported",
    );
    expect(() => readServiceBusConfig(join(folder, "none.json"))).toThrow(
      "none.json is missing",
    );
  });
});
