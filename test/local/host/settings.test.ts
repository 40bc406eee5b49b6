import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import {
  catalogFunctions,
  isDisabled,
} from "../../../local/host/function-catalogue.ts";
import { readHostJson } from "../../../local/host/read-host-json.ts";
import {
  readLocalHost,
  readLocalSettings,
} from "../../../local/host/read-local-settings.ts";
import {
  findConnection,
  resolveSetting,
} from "../../../local/host/resolve-setting.ts";
import { parseTimeSpanMs, toTimeSpan } from "../../../local/host/time-span.ts";
import { createFixtureApp } from "./support/fixture-app.ts";

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

function appWith(hostJson: object | string, localSettings?: string): string {
  const app = createFixtureApp({ files: {}, hostJson });
  cleanups.push(app.remove);
  if (localSettings !== undefined)
    writeFileSync(join(app.scriptRoot, "local.settings.json"), localSettings);
  return app.scriptRoot;
}

describe("readHostJson", () => {
  it("fills in Azure's defaults and leaves unknown keys alone", () => {
    const hostJson = readHostJson(appWith({ version: "2.0", logging: {} }));
    expect(hostJson.functionTimeout).toBe(30 * 60_000);
    expect(hostJson.extensions.http.routePrefix).toBe("api");
    expect(hostJson.extensions.serviceBus).toMatchObject({
      autoCompleteMessages: true,
      maxConcurrentCalls: 16,
      maxAutoLockRenewalDuration: 5 * 60_000,
      maxConcurrentSessions: 8,
      sessionIdleTimeout: 60_000,
      minMessageBatchSize: 1,
      maxBatchWaitTime: 30_000,
    });
  });

  it("reads comments, a byte order mark and last commas, and null as not given", () => {
    const text = `\uFEFF{
  // the version of this file
  "version": "2.0", /* not // the host's */
  "extensions": {
    "http": { "customHeaders": { "x-home": "https://a/*b*/c", }, },
    "durableTask": { "defaultVersion": null },
  },
}`;
    const { extensions } = readHostJson(appWith(text));
    expect(extensions.http.customHeaders).toEqual({
      "x-home": "https://a/*b*/c",
    });
    expect(extensions.durableTask).toEqual({});
  });

  it("takes numbers and truth values that are texts, as .NET's configuration does", () => {
    const serviceBus = {
      autoCompleteMessages: "False",
      maxConcurrentCalls: "2",
    };
    expect(
      readHostJson(appWith({ version: "2.0", extensions: { serviceBus } }))
        .extensions.serviceBus,
    ).toMatchObject({ autoCompleteMessages: false, maxConcurrentCalls: 2 });
  });

  it("lies below app settings of the same path, in any case and with either sign between the names", () => {
    const file = {
      version: "2.0",
      functions: ["a", "b"],
      extensions: { http: { routePrefix: "v1" } },
    };
    const hostJson = readHostJson(appWith(file), {
      AzureFunctionsJobHost__functionTimeout: "00:01:00",
      azurefunctionsjobhost__Extensions__HTTP__RoutePrefix: "",
      "AzureFunctionsJobHost:extensions:http:customHeaders:X-By": "setting",
      AzureFunctionsJobHost__extensions__serviceBus__autoCompleteMessages:
        "false",
      AzureFunctionsJobHost__extensions__durableTask__hubName: "Other",
      AzureFunctionsJobHost__extensions__durableTask__MaxConcurrentActivityFunctions:
        "7",
      AzureFunctionsJobHost__functions__1: "c",
      AzureFunctionsJobHost__functions__2: "d",
      AzureFunctionsJobHost__logging__logLevel__default: "Debug",
      AzureFunctionsJobHost__extensions: "not a section",
      AzureFunctionsJobHost: "no path",
    });
    expect(hostJson).toMatchObject({
      functionTimeout: 60_000,
      functions: ["a", "c", "d"],
      extensions: {
        http: { routePrefix: "", customHeaders: { "X-By": "setting" } },
        serviceBus: { autoCompleteMessages: false },
        durableTask: { hubName: "Other", maxConcurrentActivityFunctions: 7 },
      },
    });
  });

  it.each([
    ["AzureFunctionsJobHost__functionTimeout", "soon"],
    ["AzureFunctionsJobHost:extensions:serviceBus:maxConcurrentCalls", "many"],
    [
      "AzureFunctionsJobHost__extensions__serviceBus__maxBatchWaitTime",
      "00:03",
    ],
  ])("refuses the malformed setting %s by its name", (setting, value) => {
    expect(() =>
      readHostJson(appWith({ version: "2.0" }), { [setting]: value }),
    ).toThrow(`The app setting "${setting}" is malformed`);
  });

  it.each([
    [{}, '"version"'],
    [{ version: "2.0", functionTimeout: "soon" }, '"functionTimeout"'],
    [
      { version: "2.0", extensions: { http: { routePrefix: 1 } } },
      '"extensions.http.routePrefix"',
    ],
    [
      { version: "2.0", extensions: { serviceBus: { maxConcurrentCalls: 0 } } },
      '"extensions.serviceBus.maxConcurrentCalls"',
    ],
    [
      { version: "2.0", extensions: { serviceBus: { sessionIdleTimeout: 5 } } },
      '"extensions.serviceBus.sessionIdleTimeout"',
    ],
    [
      {
        version: "2.0",
        extensions: {
          serviceBus: { minMessageBatchSize: 3, maxMessageBatchSize: 2 },
        },
      },
      "at most maxMessageBatchSize",
    ],
    ["{", "not valid JSON"],
  ])("refuses %j and names the key", (hostJson, named) => {
    const read = (): unknown => readHostJson(appWith(hostJson));
    expect(read).toThrow(named);
    expect(read).toThrow("host.json");
  });

  it("says when the file is missing", () => {
    expect(() => readHostJson("/nowhere")).toThrow("host.json is missing");
  });
});

describe("readLocalSettings", () => {
  it("gives the Values, and nothing when there is no file", () => {
    const version = { version: "2.0" };
    expect(readLocalSettings(appWith(version))).toEqual({});
    expect(readLocalSettings(appWith(version, '{"Values":{"A":"1"}}'))).toEqual(
      { A: "1" },
    );
  });

  it.each([
    ["{", "not valid JSON"],
    ["[]", "one JSON object"],
    ['{"Values":{"A":1}}', '"Values.A" must be a string'],
    ['{"Values":[]}', '"Values" must be an object'],
    ['{"IsEncrypted":true}', "encrypted"],
  ])("refuses %s", (text, named) => {
    expect(() => readLocalSettings(appWith({ version: "2.0" }, text))).toThrow(
      named,
    );
  });
});

describe("readLocalHost", () => {
  const version = { version: "2.0" };

  it("gives the port and the origins, comments beside them or not", () => {
    expect(readLocalHost(appWith(version))).toEqual({
      port: undefined,
      cors: undefined,
      corsCredentials: false,
    });
    const text = `{ // for the web
      "Host": { "LocalHttpPort": 7072, "CORS": "*", "CORSCredentials": true } }`;
    expect(readLocalHost(appWith(version, text))).toEqual({
      port: 7072,
      cors: "*",
      corsCredentials: true,
    });
  });

  it.each([
    ['{"Host":{"LocalHttpPort":"x"}}', '"Host.LocalHttpPort" must be a port'],
    ['{"Host":{"LocalHttpPort":70000}}', '"Host.LocalHttpPort" must be a port'],
    ['{"Host":{"CORS":["*"]}}', '"Host.CORS" must be'],
  ])("refuses %s", (text, named) => {
    expect(() => readLocalHost(appWith(version, text))).toThrow(named);
  });
});

describe("time spans", () => {
  it.each([
    ["00:05:00", 300_000],
    ["1.02:00:00", 26 * 3_600_000],
    ["00:00:01.5", 1500],
    ["-1", Number.POSITIVE_INFINITY],
    ["25:00:00", undefined],
    ["5m", undefined],
  ])("%s is %s ms", (text, ms) => {
    expect(parseTimeSpanMs(text)).toBe(ms);
  });

  it("are written as .NET writes them", () => {
    expect(toTimeSpan(30 * 60_000)).toBe("00:30:00");
    expect(toTimeSpan(26 * 3_600_000)).toBe("1.02:00:00");
    expect(toTimeSpan(Number.POSITIVE_INFINITY)).toBe("-1");
  });
});

describe("catalogFunctions", () => {
  const bindingsOf = (...types: [string, string][]): unknown =>
    catalogFunctions([
      {
        name: "f",
        bindings: Object.fromEntries(
          types.map(([type, direction]) => [type, { type, direction }]),
        ),
      },
    ]);

  it.each([
    ["blobTrigger", "in"],
    ["cosmosDBTrigger", "in"],
    ["queue", "out"],
    ["eventHub", "out"],
  ])(
    "refuses a %s binding (%s) by name and says what there is",
    (...binding) => {
      const refuse = (): unknown => bindingsOf(["httpTrigger", "in"], binding);
      expect(refuse).toThrow(`"${binding[0]}"`);
      expect(refuse).toThrow("It has: httpTrigger");
    },
  );

  it("refuses a function with two triggers, or none", () => {
    expect(() =>
      bindingsOf(["httpTrigger", "in"], ["timerTrigger", "in"]),
    ).toThrow("one trigger");
    expect(() => bindingsOf(["durableClient", "in"])).toThrow("one trigger");
  });
});

describe("isDisabled", () => {
  it.each([
    ["AzureWebJobs.f.Disabled", "true", true],
    ["AzureWebJobs.f.Disabled", "1", true],
    ["AzureWebJobs_f_Disabled", "True", true],
    ["AZUREWEBJOBS.F.DISABLED", "true", true],
    ["AzureWebJobs_f_Disabled", "false", false],
    ["AzureWebJobs.g.Disabled", "true", false],
  ])("of the function f with %s=%s is %s", (setting, value, expected) => {
    expect(isDisabled("f", { [setting]: value })).toBe(expected);
  });
});

describe("app settings", () => {
  const settings = {
    ORDERS__QUEUE: "orders",
    AzureWebJobsBus: "Endpoint=sb://a/",
    Same: "exact",
    SAME: "other",
  };

  it.each([
    ["%orders:queue%-in", "orders-in"],
    ["%Orders__Queue%", "orders"],
    ["%Same% %SAME%", "exact other"],
  ])(
    "stand for %s in any case, as in .NET's configuration",
    (text, resolved) => {
      expect(resolveSetting(text, settings, "f")).toBe(resolved);
    },
  );

  it("are connections in any case", () => {
    expect(findConnection("bus", settings)).toEqual({
      connectionString: "Endpoint=sb://a/",
    });
    expect(findConnection("other", settings)).toBeUndefined();
  });
});
