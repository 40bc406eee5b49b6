import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { Tag } from "../../../shared/kernel/metadata.ts";
import { createSqliteKeyStore } from "../../../shared/vault/adapters/sqlite.ts";
import { createKeyRing } from "../../../shared/vault/key-ring.ts";
import { createKeyRotation } from "../../../shared/vault/rotate-keys.ts";
import { Secret } from "../../../shared/vault/secrets.ts";
import type { VaultOwner } from "../../../shared/vault/vault-object.ts";
import { useKeyVault } from "../../azure/key-vault-clients.ts";
import { createTempFolder } from "../../support/temp-folder.ts";

const { openVault } = useKeyVault();

/** A vault, and a key store under its key-encryption key. */
function openStores() {
  const { clock, secrets, operator } = openVault();
  const { now } = clock;
  const file = join(createTempFolder(), "keys.db");
  const keys = createSqliteKeyStore({ file, now });
  onTestFinished(() => keys.close());
  const openRing = () => createKeyRing({ keys, secrets, now });
  const rotation = createKeyRotation({ keys, secrets, now });
  return { keys, secrets, operator, openRing, rotation };
}

const owner: VaultOwner = { owner: Tag.parse("job-1"), purpose: "result" };

it("a key-encryption key that an operator made wraps, is rotated in Key Vault, and can be disabled afterwards", async () => {
  const { keys, operator, openRing, rotation } = openStores();
  const made = await operator.setSecret(
    "kek",
    `${randomBytes(32).toString("base64")}\n`,
    { tags: { "file-encoding": "base64" } },
  );
  const first = made.properties.version ?? "";
  await openRing().create(owner);
  const key = Buffer.from(await openRing().load(owner));
  expect(await keys.read(owner)).toMatchObject({ kekVersion: first });

  const { kekVersion, ...counts } = await rotation.rotate();
  expect(counts).toEqual({ rewrapped: 1, failed: 0 });
  expect(kekVersion).not.toBe(first);
  expect(await keys.read(owner)).toMatchObject({ kekVersion });

  await operator.updateSecretProperties("kek", first, { enabled: false });
  expect(key.equals(await openRing().load(owner))).toBe(true);
  expect(await rotation.rewrapAll()).toMatchObject({ failed: 0 });
});

it("a version that was disabled too early makes its keys fail, and enabled again they open", async () => {
  const { secrets, operator, openRing, rotation } = openStores();
  await openRing().create(owner);
  const first = (await secrets.get("kek"))?.version ?? "";
  await secrets.set("kek", Secret.fromBytes(randomBytes(32)));
  await operator.updateSecretProperties("kek", first, { enabled: false });
  await expect(openRing().load(owner)).rejects.toMatchObject({
    code: "configuration_invalid",
  });
  expect(await rotation.rewrapAll()).toMatchObject({ rewrapped: 0, failed: 1 });
  await operator.updateSecretProperties("kek", first, { enabled: true });
  expect(await rotation.rewrapAll()).toMatchObject({ rewrapped: 1, failed: 0 });
});
