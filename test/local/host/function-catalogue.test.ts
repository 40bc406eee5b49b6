import { describe, expect, it } from "vitest";
import { isDisabled } from "../../../local/host/function-catalogue.ts";

describe("a function's switch", () => {
  it.each([
    [{ "AzureWebJobs.tick.Disabled": "true" }, true],
    [{ "AzureWebJobs.tick.Disabled": "1" }, true],
    // Where the name of a setting must not have dots.
    [{ AzureWebJobs_tick_Disabled: "True" }, true],
    [{ "AzureWebJobs.tick.Disabled": "false" }, false],
    [{ "AzureWebJobs.tock.Disabled": "true" }, false],
  ])("%j disables it: %s", (settings, expected) => {
    expect(isDisabled("tick", settings)).toBe(expected);
  });
});
