import { randomBytes } from "node:crypto";
import { describe, expect, it, vi } from "vitest";
import { NucleusError } from "../../../shared/kernel/errors.ts";
import { Secret } from "../../../shared/vault/secrets.ts";
import { useKeyVault } from "../../azure/key-vault-clients.ts";
import { describeSecretsContract } from "../../contracts/secrets.ts";

const { identity, bytes, openVault } = useKeyVault();
const secret = (text: string) => Secret.fromText(text);
const invalid = { code: "configuration_invalid" };

describeSecretsContract("Key Vault", async () => openVault().secrets);

describe("secrets in Key Vault", () => {
  it("the identity answers the vault's challenge, once for all requests", async () => {
    const { secrets, vault } = openVault();
    await secrets.set("a", secret("x"));
    await secrets.get("a");
    expect(vault.requests).toEqual([
      "401 PUT /secrets/a",
      "PUT /secrets/a",
      "GET /secrets/a",
    ]);
    // The first one went out without its body.
    const text = bytes().toString();
    const value = Buffer.from("x").toString("base64");
    expect(text.split(`"value":"${value}"`)).toHaveLength(2);
  });

  it("a challenge for another domain than the vault's gets no token", async () => {
    const { secrets, vault } = openVault();
    vault.behaviour.challengeResource = "https://vault.azure.cn";
    const asked = vi.spyOn(identity().credential, "getToken");
    await expect(secrets.get("a")).rejects.toMatchObject({
      code: "store_unavailable",
    });
    expect(asked).not.toHaveBeenCalled();
    expect(vault.requests).toEqual(["401 GET /secrets/a"]);
  });

  it("an address that is not https is refused", () => {
    const { openSecrets } = openVault();
    expect(() =>
      openSecrets({ vaultUrl: "http://nucleus-1.vault.azure.net" }),
    ).toThrow(new NucleusError("configuration_invalid"));
  });

  it("text that an operator set in the portal is that text", async () => {
    const { secrets, operator } = openVault();
    await operator.setSecret("model-key", "c2VjcmV0 ü");
    const got = await secrets.get("model-key");
    expect(got?.value.revealText()).toBe("c2VjcmV0 ü");
    expect(got?.version).toMatch(/^[\da-f]{32}$/);
  });

  it("bytes that an operator set with the Azure CLI are those bytes, in base64 lines or in hex", async () => {
    const { secrets, operator } = openVault();
    const bytes = randomBytes(100);
    const lines = bytes.toString("base64").replaceAll(/.{76}/g, "$&\n");
    const encoded = { base64: `${lines}\n`, hex: bytes.toString("hex") };
    for (const [encoding, value] of Object.entries(encoded)) {
      await operator.setSecret(encoding, value, {
        tags: { "file-encoding": encoding },
      });
      const got = await secrets.get(encoding);
      expect(got && bytes.equals(got.value.revealBytes())).toBe(true);
    }
    await operator.setSecret("broken", "not base64!", {
      tags: { "file-encoding": "base64" },
    });
    await expect(secrets.get("broken")).rejects.toMatchObject(invalid);
  });

  it("many secrets are listed across pages, without deleted ones", async () => {
    const { secrets, vault } = openVault();
    vault.behaviour.purgeProtection = true;
    const names = Array.from({ length: 60 }, (_, n) => `s-${100 + n}`);
    await Promise.all(names.map((name) => secrets.set(name, secret("x"))));
    await secrets.delete("s-130");
    expect(await secrets.list()).toEqual(names.filter((n) => n !== "s-130"));
    const pages = vault.requests.filter((line) => line === "GET /secrets");
    expect(pages).toHaveLength(3);
  });

  it("processes that create one secret at the same time get one version, and ask for the lock only then", async () => {
    const { openSecrets, vault } = openVault();
    const got = await Promise.all(
      ["a", "b", "c"].map((text) =>
        openSecrets().getOrCreate("kek", () => secret(text)),
      ),
    );
    expect(new Set(got.map(({ version }) => version)).size).toBe(1);
    const before = vault.requests.length;
    await openSecrets().getOrCreate("kek", () => secret("late"));
    expect(vault.requests.slice(before)).toEqual([
      "401 GET /secrets/kek",
      "GET /secrets/kek",
    ]);
  });

  it("a disabled secret is an error, and nothing is created in its place", async () => {
    const { secrets, operator, vault } = openVault();
    const { version } = await secrets.set("kek", secret("x"));
    await operator.updateSecretProperties("kek", version, { enabled: false });
    await expect(secrets.get("kek")).rejects.toMatchObject(invalid);
    await expect(
      secrets.getOrCreate("kek", () => secret("new")),
    ).rejects.toMatchObject(invalid);
    await expect(secrets.getVersion("kek", version)).rejects.toMatchObject(
      invalid,
    );
    const sets = vault.requests.filter((line) => line === "PUT /secrets/kek");
    expect(sets).toHaveLength(1);
  });

  it("a newest version outside its validity is an error; by its version an expired one still opens what it sealed", async () => {
    const { secrets, operator, clock } = openVault();
    const inAnHour = new Date(clock.now() + 3_600_000);
    const { properties } = await operator.setSecret("kek", "x", {
      expiresOn: inAnHour,
    });
    await operator.setSecret("early", "x", { notBefore: inAnHour });
    await expect(secrets.get("early")).rejects.toMatchObject(invalid);
    expect(await secrets.get("kek")).toBeDefined();
    clock.advance(3_600_000);
    expect(await secrets.get("early")).toBeDefined();
    await expect(secrets.get("kek")).rejects.toMatchObject(invalid);
    const old = await secrets.getVersion("kek", properties.version ?? "");
    expect(old?.revealText()).toBe("x");
  });

  it("a value beyond the vault's 25 KB is refused", async () => {
    const { secrets } = openVault();
    await expect(
      secrets.set("big", Secret.fromBytes(randomBytes(20_000))),
    ).rejects.toMatchObject({ code: "document_invalid" });
  });
});

describe("a Key Vault that does not answer as asked", () => {
  it("a token that the vault refuses is denied by the secrets service", async () => {
    const stranger = openVault().openSecrets({
      credential: {
        getToken: async () => ({
          token: await identity().token("https://graph.microsoft.com"),
          expiresOnTimestamp: Date.now() + 3_600_000,
        }),
      },
    });
    await expect(stranger.get("a")).rejects.toMatchObject({
      code: "dependency_denied",
      deniedBy: "secrets",
    });
  });

  it("an answer that does not come is an outage", async () => {
    const { openSecrets, vault } = openVault();
    const secrets = openSecrets({ answerWithinMs: 50 });
    expect(await secrets.list()).toEqual([]);
    vault.behaviour.silent = true;
    await expect(secrets.get("a")).rejects.toMatchObject({
      code: "store_unavailable",
    });
    expect(vault.requests.at(-1)).toBe("GET /secrets/a");
  });

  it("a missing role is denied by the secrets service", async () => {
    const { secrets, vault } = openVault();
    vault.behaviour.denied = true;
    const denied = { code: "dependency_denied", deniedBy: "secrets" };
    await expect(secrets.get("a")).rejects.toMatchObject(denied);
    await expect(secrets.set("a", secret("x"))).rejects.toMatchObject(denied);
    await expect(secrets.delete("a")).rejects.toMatchObject(denied);
    await expect(secrets.list()).rejects.toMatchObject(denied);
  });

  it("a short throttling is waited for, a long one is handed on with its time", async () => {
    const { secrets, vault } = openVault();
    vault.behaviour.throttled = { times: 2, retryAfterSeconds: 0 };
    expect(await secrets.get("a")).toBeUndefined();
    vault.behaviour.throttled = { times: 1, retryAfterSeconds: 30 };
    await expect(secrets.get("a")).rejects.toMatchObject({
      code: "store_throttled",
      retryAfterMs: 30_000,
    });
    vault.behaviour.throttled = { times: 1 };
    await expect(secrets.get("a")).rejects.toMatchObject({
      code: "store_throttled",
    });
    vault.behaviour.throttled = { times: 100, retryAfterSeconds: 0 };
    await expect(secrets.get("a")).rejects.toMatchObject({
      code: "store_throttled",
    });
    expect(vault.behaviour.throttled.times).toBe(96);
  });

  it("what is thrown quotes neither the vault nor the secret", async () => {
    const { secrets, vault } = openVault();
    vault.behaviour.denied = true;
    const failure: unknown = await secrets
      .set("some-name", secret("marker"))
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(NucleusError);
    expect(JSON.stringify(failure) + String(failure)).not.toMatch(
      /marker|some-name|azure\.net/,
    );
    expect((failure as Error).cause).toBeUndefined();
  });
});
