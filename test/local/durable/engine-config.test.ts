import { expect, test } from "vitest";

import { readEngineConfig } from "../../../local/durable/engine-config.ts";

const read = (section: unknown, mode?: string) =>
  readEngineConfig(section, { hubName: "TestHub", mode });

test("an empty section has the extension's defaults", () => {
  expect(read({})).toMatchObject({
    hubName: "TestHub",
    mode: "strict",
    maxEntityOperationBatchSize: 5000,
    versions: {
      defaultVersion: undefined,
      matchStrategy: "CurrentOrOlder",
      failureStrategy: "Reject",
    },
  });
});

test("strategies are read in any case, and a null version is none", () => {
  const section = {
    defaultVersion: null,
    versionMatchStrategy: "strict",
    versionFailureStrategy: "FAIL",
    maxConcurrentEntityFunctions: 3,
  };
  expect(read(section, "compat")).toMatchObject({
    mode: "compat",
    maxConcurrentEntityFunctions: 3,
    versions: {
      defaultVersion: undefined,
      matchStrategy: "Strict",
      failureStrategy: "Fail",
    },
  });
});

test.each([
  [{ versionMatchStrategy: "Newer" }, undefined, "None, Strict"],
  [{ maxConcurrentEntityFunctions: 0 }, undefined, "maxConcurrentEntity"],
  [{}, "lenient", "NUCLEUS_DURABLE_MODE must be one of strict, compat"],
])("%j in mode %s is refused with what to change", (section, mode, text) => {
  expect(read(section, mode)).toEqual({
    malformed: expect.stringContaining(text) as string,
  });
});
