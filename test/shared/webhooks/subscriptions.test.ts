import { expect, test } from "vitest";
import { Content } from "../../../shared/kernel/content.ts";
import { aPrincipal, createCore, openPorts } from "../../support/core.ts";
import { codeOf } from "../../support/safe-fixture.ts";
import { allOf, sealedOwners } from "../../support/stored.ts";

const owner = aPrincipal();
const endpoint = {
  url: Content.fromText("https://subscriber.example/hook?token=1"),
  eventTypes: ["nucleus.job.completed"],
} as const;

function open() {
  const ports = openPorts();
  const { subscriptions, signing } = createCore(ports);
  return { ports, subscriptions, signing };
}

test("a subscription's URL is sealed, and its secret lies in the secret store only", async () => {
  const { ports, subscriptions, signing } = open();
  const { webhook, secret } = await subscriptions.create(owner, endpoint);
  const stored = JSON.stringify(await allOf(ports, "webhook"));
  expect(stored).not.toContain("subscriber.example");
  expect(stored).not.toContain(secret);
  const url = await subscriptions.findUrl(owner.tenantId, webhook.webhookId);
  expect(url?.revealText()).toBe(endpoint.url.revealText());
  expect(await signing.current(webhook)).toEqual([secret]);
});

test("another application or tenant neither sees, changes nor deletes it", async () => {
  const { subscriptions } = open();
  const { webhook } = await subscriptions.create(owner, endpoint);
  const { webhookId } = webhook;
  for (const other of [
    aPrincipal({ appId: "app-2" }),
    aPrincipal({ tenantId: "t2" }),
  ]) {
    expect(await subscriptions.list(other)).toEqual([]);
    expect(await codeOf(subscriptions.get(other, webhookId))).toBe("not_found");
    expect(await codeOf(subscriptions.rotateSecret(other, webhookId))).toBe(
      "not_found",
    );
    expect(await codeOf(subscriptions.delete(other, webhookId))).toBe(
      "not_found",
    );
  }
  expect(await subscriptions.list(owner)).toEqual([webhook]);
});

test("a deleted subscription leaves neither URL nor secret", async () => {
  const { ports, subscriptions } = open();
  const { webhook } = await subscriptions.create(owner, endpoint);
  const { webhookId } = webhook;
  await subscriptions.delete(owner, webhookId);
  expect(
    await subscriptions.findUrl(owner.tenantId, webhookId),
  ).toBeUndefined();
  expect(await sealedOwners(ports)).toEqual([]);
  expect(
    await ports.keys.read({ owner: webhookId, purpose: "endpoint" }),
  ).toEqual({
    state: "shredded",
  });
  expect((await ports.secrets.list()).join()).not.toContain(webhookId);
});

test("an application has at most twenty", async () => {
  const { subscriptions } = open();
  for (let n = 0; n < 20; n += 1) await subscriptions.create(owner, endpoint);
  expect(await codeOf(subscriptions.create(owner, endpoint))).toBe(
    "webhook_limit",
  );
  const other = aPrincipal({ appId: "app-2" });
  expect(await codeOf(subscriptions.create(other, endpoint))).toBe("ok");
});

test("a disabled subscription is listed as such, and has no address to deliver to", async () => {
  const { subscriptions } = open();
  const { webhook } = await subscriptions.create(owner, endpoint);
  const { tenantId } = owner;
  await Promise.all([
    subscriptions.disable(tenantId, webhook.webhookId),
    subscriptions.disable(tenantId, webhook.webhookId),
  ]);
  expect(await subscriptions.list(owner)).toMatchObject([
    { status: "disabled" },
  ]);
  expect(
    await subscriptions.findUrl(tenantId, webhook.webhookId),
  ).toBeUndefined();
});
