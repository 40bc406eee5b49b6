import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readHostKeys } from "../../../local/host/host-keys.ts";

let home = "";
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "nucleus-keys-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const write = (name: string, content: unknown): void => {
  mkdirSync(join(home, "secrets"), { recursive: true });
  writeFileSync(join(home, "secrets", name), JSON.stringify(content));
};
const key = (name: string, value: string) => ({ name, value });

describe("readHostKeys", () => {
  it("makes keys once and keeps them", () => {
    const made = readHostKeys(home, []);
    const again = readHostKeys(home, []);
    expect(again.masterKey).toBe(made.masterKey);
    expect(again.defaultFunctionKey).toBe(made.defaultFunctionKey);
    expect(made.isMasterKey(made.masterKey)).toBe(true);
    expect(made.isMasterKey(made.defaultFunctionKey)).toBe(false);
    expect(made.opensFunction("f", made.defaultFunctionKey)).toBe(true);
  });

  it("takes named host keys, and keys of one function that open no other", () => {
    write("host.json", {
      masterKey: key("master", "m".repeat(20)),
      functionKeys: [key("default", "d".repeat(20)), key("ci", "c".repeat(20))],
    });
    write("take.json", { keys: [key("partner", "p".repeat(20))] });
    const keys = readHostKeys(home, ["Take", "other"]);
    expect(keys.opensFunction("other", "c".repeat(20))).toBe(true);
    expect(keys.opensFunction("Take", "p".repeat(20))).toBe(true);
    expect(keys.opensFunction("other", "p".repeat(20))).toBe(false);
  });

  it.each([
    ["host.json", { masterKey: key("master", "short"), functionKeys: [] }],
    ["take.json", []],
  ])("refuses a damaged %s by name", (name, content) => {
    write(name, content);
    expect(() => readHostKeys(home, ["take"])).toThrow(
      `${join(home, "secrets", name)} is damaged`,
    );
  });
});
