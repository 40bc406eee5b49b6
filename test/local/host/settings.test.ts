import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { catalogFunctions } from "../../../local/host/function-catalogue.ts";
import { readHostJson } from "../../../local/host/read-host-json.ts";
import { readLocalSettings } from "../../../local/host/read-local-settings.ts";
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
    });
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
