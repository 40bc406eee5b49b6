import { expect, test } from "vitest";
import { aPrincipal, createCore, openPorts, tag } from "../../support/core.ts";

const hourMs = 3_600_000;

function open() {
  const ports = openPorts();
  return { clock: ports.clock, signing: createCore(ports).signing, ports };
}

test("the secret before the newest signs for 24 hours more, the one before that no longer", async () => {
  const { clock, signing } = open();
  const signer = { webhookId: tag("w1") };
  const first = await signing.rotate(signer);
  expect(await signing.current(signer)).toEqual([first]);
  const second = await signing.rotate(signer);
  expect(await signing.current(signer)).toEqual([second, first]);
  clock.advance(24 * hourMs - 1);
  expect(await signing.current(signer)).toEqual([second, first]);
  clock.advance(1);
  expect(await signing.current(signer)).toEqual([second]);
  const third = await signing.rotate(signer);
  const fourth = await signing.rotate(signer);
  expect(await signing.current(signer)).toEqual([fourth, third]);
});

test("an adapter that never asked has one secret, however often and at once it is needed", async () => {
  const { signing } = open();
  const all = await Promise.all(
    Array.from({ length: 5 }, () => signing.current(aPrincipal())),
  );
  expect(new Set(all.flat()).size).toBe(1);
  expect(all[0]?.[0]).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
});

test("each application and each subscription has a secret of its own", async () => {
  const { signing } = open();
  const signers = [
    aPrincipal(),
    aPrincipal({ appId: "app-2" }),
    aPrincipal({ tenantId: "t2" }),
    { webhookId: tag("w1") },
    { webhookId: tag("w2") },
  ];
  const secrets = await Promise.all(
    signers.map((signer) => signing.current(signer)),
  );
  expect(new Set(secrets.flat()).size).toBe(signers.length);
});

test("a deleted secret is gone", async () => {
  const { signing, ports } = open();
  const signer = { webhookId: tag("w1") };
  await signing.rotate(signer);
  await signing.delete(signer);
  expect((await ports.secrets.list()).join()).not.toContain("w1");
});
