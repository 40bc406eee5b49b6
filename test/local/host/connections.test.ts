import { describe, expect, it } from "vitest";
import { catalogFunctions } from "../../../local/host/function-catalogue.ts";
import { createHostSettings } from "../../../local/host/host-settings.ts";
import { findConnection } from "../../../local/host/resolve-setting.ts";
import { readQueueBinding } from "../../../local/host/triggers/read-queue-binding.ts";
import { toServiceBusConnection } from "../../../local/host/triggers/to-service-bus-connection.ts";

describe("a binding's connection", () => {
  it("is a connection string, the one with Azure's prefix first", () => {
    expect(findConnection("BUS", { BUS: "a" })).toEqual({
      connectionString: "a",
    });
    expect(findConnection("BUS", { BUS: "a", AzureWebJobsBUS: "b" })).toEqual({
      connectionString: "b",
    });
  });

  it("is a group of settings for an identity", () => {
    expect(
      findConnection("BUS", {
        BUS__fullyQualifiedNamespace: "n.servicebus.windows.net",
        BUS__credential: "ManagedIdentity",
        BUS__clientId: "c",
        BUS__customEndpointAddress: "sb://gateway",
      }),
    ).toEqual({
      fullyQualifiedNamespace: "n.servicebus.windows.net",
      identity: "managed-identity",
      clientId: "c",
      customEndpointAddress: "sb://gateway",
    });
    expect(
      findConnection("BUS", { AzureWebJobsBUS__fullyQualifiedNamespace: "n" }),
    ).toMatchObject({ fullyQualifiedNamespace: "n", identity: "default" });
  });

  it("is a connection string rather than a group when there are both", () => {
    expect(
      findConnection("BUS", { BUS: "a", BUS__fullyQualifiedNamespace: "n" }),
    ).toEqual({ connectionString: "a" });
  });

  it("is not there when nothing, or nothing but blanks, is set", () => {
    expect(findConnection("BUS", {})).toBeUndefined();
    expect(
      findConnection("BUS", { BUS: "", BUS__fullyQualifiedNamespace: "" }),
    ).toBeUndefined();
  });

  it.each([
    [{ BUS__credential: "managedidentity" }, '"BUS__fullyQualifiedNamespace"'],
    [{ AzureWebJobsBUS__clientId: "c" }, '"AzureWebJobsBUS__fully'],
    [
      { BUS__fullyQualifiedNamespace: "n", BUS__credential: "password" },
      '"BUS__credential" must be one of: managedidentity, workloadidentity',
    ],
  ])("refuses %j by name", (settings, named) => {
    expect(() => findConnection("BUS", settings)).toThrow(named);
  });
});

describe("a queue's binding", () => {
  const [take] = catalogFunctions([
    {
      name: "take",
      bindings: {
        message: {
          type: "serviceBusTrigger",
          direction: "in",
          connection: "BUS",
          queueName: "jobs/$DeadLetterQueue",
        },
      },
    },
  ]);
  if (take === undefined) throw new Error("the function is missing");

  it("names both ways to set a connection that is missing", () => {
    expect(() => readQueueBinding(take, {}, true)).toThrow(
      /"BUS" is not set.*"BUS__fullyQualifiedNamespace"/,
    );
  });

  it("takes its connection from an identity's settings", () => {
    const settings = { BUS__fullyQualifiedNamespace: "n" };
    expect(readQueueBinding(take, settings, true)).toEqual({
      fullyQualifiedNamespace: "n",
      identity: "default",
      isBatch: false,
      isSessionsEnabled: false,
      clientId: undefined,
      customEndpointAddress: undefined,
      queueName: "jobs",
      subQueueType: "deadLetter",
      autoComplete: true,
    });
  });
});

describe("toServiceBusConnection", () => {
  it("hands on the namespace and the gateway, with a credential", () => {
    expect(
      toServiceBusConnection({
        fullyQualifiedNamespace: "n",
        identity: "default",
        clientId: undefined,
        customEndpointAddress: "sb://gateway",
      }),
    ).toEqual({
      fullyQualifiedNamespace: "n",
      customEndpointAddress: "sb://gateway",
      credential: { getToken: expect.any(Function) as unknown },
    });
    expect(toServiceBusConnection({ connectionString: "a" })).toEqual({
      connectionString: "a",
    });
  });
});

describe("the host's settings", () => {
  const settingsOf = (
    settings: Readonly<Record<string, string>>,
    name = "BUS",
  ) =>
    createHostSettings({
      scriptRoot: "/nowhere",
      settings,
      hostname: "127.0.0.1:1",
      serviceBusSettings: [name],
      serviceBusConnectionString: "local",
    });

  it.each([{}, { BUS: "" }])(
    "name the local endpoint where the app's name none: %j",
    (settings) => {
      expect(settingsOf(settings)["BUS"]).toBe("local");
    },
  );

  it.each([
    [{ BUS: "own" }, "own"],
    [{ BUS__fullyQualifiedNamespace: "n" }, undefined],
  ])("leave the app's own connection alone: %j", (settings, expected) => {
    expect(settingsOf(settings)["BUS"]).toBe(expected);
  });

  it("look for the setting without Azure's prefix as well", () => {
    const name = "AzureWebJobsServiceBus";
    const settings = { ServiceBus__fullyQualifiedNamespace: "n" };
    expect(settingsOf(settings, name)[name]).toBeUndefined();
    expect(settingsOf({}, name)[name]).toBe("local");
  });
});
