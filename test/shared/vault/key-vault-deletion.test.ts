import { describe, expect, it } from "vitest";
import { Secret } from "../../../shared/vault/secrets.ts";
import { useKeyVault } from "../../azure/key-vault-clients.ts";

const { openVault } = useKeyVault();
const secret = (text: string) => Secret.fromText(text);

describe("deleting secrets from Key Vault", () => {
  it("purges, so that the name is free and nothing can be recovered", async () => {
    const { secrets, vault, operator } = openVault();
    const { version } = await secrets.set("a", secret("one"));
    await secrets.delete("a");
    expect(vault.requests.at(-1)).toBe("DELETE /deletedsecrets/a");
    await expect(operator.getDeletedSecret("a")).rejects.toMatchObject({
      statusCode: 404,
    });
    await secrets.set("a", secret("two"));
    expect(await secrets.getVersion("a", version)).toBeUndefined();
  });

  it.each(["purgeProtection", "purgeDenied"] as const)(
    "with %s deletion is enough, and setting the name again recovers it",
    async (behaviour) => {
      const { secrets, vault } = openVault();
      vault.behaviour[behaviour] = true;
      vault.behaviour.settlesAfter = 3;
      await secrets.set("a", secret("one"));
      await secrets.delete("a");
      expect(await secrets.get("a")).toBeUndefined();
      expect(await secrets.list()).toEqual([]);
      const made = await secrets.getOrCreate("a", () => secret("two"));
      expect(made.value.revealText()).toBe("two");
      expect((await secrets.get("a"))?.version).toBe(made.version);
    },
  );

  it("a deletion that is under way, by whomever, is waited for", async () => {
    const { secrets, vault, operator } = openVault();
    vault.behaviour.settlesAfter = 5;
    await secrets.set("a", secret("one"));
    await operator.beginDeleteSecret("a");
    await secrets.delete("a");
    const set = await secrets.set("a", secret("two"));
    expect((await secrets.get("a"))?.version).toBe(set.version);
  });

  it("a deletion cut off before its purge is completed by its repetition", async () => {
    const { secrets, vault, operator } = openVault();
    vault.behaviour.settlesAfter = 0;
    await secrets.set("a", secret("one"));
    await operator.beginDeleteSecret("a", { intervalInMs: 1 });
    await secrets.delete("a");
    await expect(operator.getDeletedSecret("a")).rejects.toMatchObject({
      statusCode: 404,
    });
  });

  it("setters at the same time after a deletion each get a version", async () => {
    const { openSecrets, secrets, vault } = openVault();
    vault.behaviour.purgeProtection = true;
    await secrets.set("a", secret("one"));
    await secrets.delete("a");
    const set = await Promise.all(
      ["x", "y", "z"].map((text) => openSecrets().set("a", secret(text))),
    );
    expect(new Set(set.map(({ version }) => version)).size).toBe(3);
  });

  it("a name that stays taken is an outage", async () => {
    const { secrets, vault } = openVault();
    await secrets.set("a", secret("one"));
    vault.behaviour.purgeProtection = true;
    await secrets.delete("a");
    vault.behaviour.settlesAfter = 1000;
    await expect(secrets.set("a", secret("two"))).rejects.toMatchObject({
      code: "store_unavailable",
    });
  });
});
