import {
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { createFileSecrets } from "../../../shared/vault/adapters/file.ts";
import { Secret, SecretExposed } from "../../../shared/vault/secrets.ts";
import { describeSecretsContract } from "../../contracts/secrets.ts";
import { createTempFolder } from "../../support/temp-folder.ts";

describeSecretsContract("folder of files", async () =>
  createFileSecrets({ folder: createTempFolder() }),
);

describe("secret files", () => {
  it("are for this user only, and nothing half-written stays", async () => {
    const folder = join(createTempFolder(), "secrets");
    const secrets = createFileSecrets({ folder });
    await secrets.set("a", Secret.fromText("x"));
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(folder, "a"))).toEqual(["1"]);
    expect(statSync(join(folder, "a", "1")).mode & 0o777).toBe(0o600);
  });

  it("a secret that is there and cannot be read is an outage, and nothing is created in its place", async () => {
    const folder = createTempFolder();
    const secrets = createFileSecrets({ folder });
    mkdirSync(join(folder, "kek", "1"), { recursive: true });
    await expect(
      secrets.getOrCreate("kek", () => Secret.fromText("new")),
    ).rejects.toMatchObject({ code: "store_unavailable" });
    expect(readdirSync(join(folder, "kek"))).toEqual(["1"]);
  });

  it("a folder that lacks older versions still gives the newest", async () => {
    const folder = createTempFolder();
    const secrets = createFileSecrets({ folder });
    await secrets.set("a", Secret.fromText("one"));
    await secrets.set("a", Secret.fromText("two"));
    rmSync(join(folder, "a", "1"));
    expect((await secrets.get("a"))?.value.revealText()).toBe("two");
    const third = await secrets.set("a", Secret.fromText("three"));
    expect(third.version).toBe("3");
  });

  it("a deletion that a crash cut off is finished at the next start", async () => {
    const folder = createTempFolder();
    mkdirSync(join(folder, ".deleted-1"));
    writeFileSync(join(folder, ".deleted-1", "1"), "secret");
    const secrets = createFileSecrets({ folder });
    expect(readdirSync(folder)).toEqual([]);
    expect(await secrets.list()).toEqual([]);
  });
});

describe("a secret in memory", () => {
  it("refuses to become a string or JSON, and shows nothing when inspected", () => {
    const secret = Secret.fromText("marker");
    const mistaken = secret as unknown as string;
    expect(() => `value: ${mistaken}`).toThrow(SecretExposed);
    expect(() => String(secret)).toThrow(SecretExposed);
    expect(() => JSON.stringify({ secret })).toThrow(SecretExposed);
    expect(inspect({ secret }, { depth: 9, showHidden: true })).not.toContain(
      "marker",
    );
  });
});
