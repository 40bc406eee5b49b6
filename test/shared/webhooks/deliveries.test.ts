import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { Content } from "../../../shared/kernel/content.ts";
import { NucleusError } from "../../../shared/kernel/errors.ts";
import type { Tag } from "../../../shared/kernel/metadata.ts";
import { deliveryChannel } from "../../../shared/webhooks/delivery-channel.ts";
import type { DeliveryKey } from "../../../shared/webhooks/delivery-records.ts";
import { JobEvent } from "../../../shared/webhooks/event.ts";
import {
  acceptJob,
  anInteraction,
  aPrincipal,
  type Core,
  createCore,
  openPorts,
  type Ports,
  tag,
  wrapPorts,
} from "../../support/core.ts";
import {
  atEveryCall,
  createCrash,
  runUntilCrash,
} from "../../support/crash.ts";
import { codeOf } from "../../support/safe-fixture.ts";
import { allOf } from "../../support/stored.ts";

const failed = (httpStatus = 500, retryAfterMs?: number) =>
  ({
    outcome: "failed",
    code: "delivery_failed",
    httpStatus,
    durationMs: 3,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  }) as const;
const gone = {
  outcome: "gone",
  code: "delivery_gone",
  httpStatus: 410,
  durationMs: 3,
} as const;

const marker = "a marker of the query";

/** A job that has completed, with one endpoint: the interaction's callbackUrl or a subscription. */
async function openScene(to: "callback" | "webhook" = "callback") {
  const ports = openPorts();
  const core = createCore(ports);
  let webhookId: Tag | undefined;
  let secret = "";
  if (to === "webhook") {
    const made = await core.subscriptions.create(aPrincipal(), {
      url: Content.fromText("https://subscriber.example/hook"),
      eventTypes: ["nucleus.job.completed"],
    });
    webhookId = made.webhook.webhookId;
    secret = made.secret;
  } else secret = await core.signing.rotate(aPrincipal());
  const key = await acceptJob(core, ports, {
    request: anInteraction({
      queryText: marker,
      ...(to === "callback" && {
        callbackUrl: "https://adapter.example/callback",
      }),
    }),
  });
  await core.activities.finish({ ...key, status: "Completed", answered: [] });
  const deliveryId = tag(
    `msg_${key.jobId}${webhookId === undefined ? "" : `_${webhookId}`}`,
  );
  const deliveryKey: DeliveryKey = {
    ...key,
    deliveryId,
    ...(webhookId !== undefined && { webhookId }),
  };
  return { ports, core, key, deliveryKey, secret, webhookId };
}

/** Takes the next message at its time, as the trigger does; an attempt that throws gets its message again. */
async function deliverNext(ports: Ports, core: Core): Promise<boolean> {
  const message = ports.messages.take();
  if (!message) return false;
  ports.clock.advance(Math.max(0, message.visibleAtMs - ports.clock.now()));
  try {
    await core.deliveries.attempt(deliveryChannel.body.parse(message.body));
  } catch {
    ports.messages.putBack(message);
  }
  return true;
}

async function deliverAll(ports: Ports, core: Core): Promise<void> {
  while (await deliverNext(ports, core));
}

const deliveryOf = async (core: Core, key: DeliveryKey) =>
  (await core.deliveryRecords.read(key))?.document;

/** Each attempt's number and when it was made, in seconds after the first. */
async function attemptsOf(core: Core, key: DeliveryKey) {
  const attempts = (await deliveryOf(core, key))?.attempts ?? [];
  const start = Date.parse(attempts[0]?.at ?? "");
  return attempts.map(({ attempt, at, outcome }) => [
    attempt,
    (Date.parse(at) - start) / 1000,
    outcome,
  ]);
}

test("an endpoint that answers is told once: a signed CloudEvent without content, and a ticket beside it", async () => {
  const { ports, core, key, deliveryKey, secret } = await openScene();
  await deliverAll(ports, core);

  const [post, ...more] = ports.deliverer.posted;
  if (!post) throw new Error("nothing was posted");
  expect(more).toEqual([]);
  expect(post.url.revealText()).toBe("https://adapter.example/callback");
  expect(post.headers).toMatchObject({
    "content-type": "application/cloudevents+json; charset=utf-8",
    "webhook-id": deliveryKey.deliveryId,
  });
  const event = JobEvent.parse(JSON.parse(post.body));
  expect(event).toMatchObject({
    type: "nucleus.job.completed",
    subject: key.jobId,
    data: { jobId: key.jobId, status: "Completed" },
  });
  expect(post.body).not.toContain(marker);
  expect(post.body).not.toContain("nrt_");
  const parts = [
    deliveryKey.deliveryId,
    Number(post.headers["webhook-timestamp"]),
  ];
  const at = new Date(Number(parts[1]) * 1000);
  const signature = new Webhook(secret).sign(
    deliveryKey.deliveryId,
    at,
    post.body,
  );
  expect(post.headers["webhook-signature"]).toBe(signature);

  const ticket = post.headers["nucleus-result-ticket"] ?? "";
  expect(await core.tickets.redeem(key.jobId, ticket)).toBe(key.tenantId);
  const kept = JSON.stringify(await allOf(ports, "ticket"));
  expect(kept).not.toContain(ticket.split(".")[1]);
  expect(await deliveryOf(core, deliveryKey)).toMatchObject({
    state: { status: "delivered", attempt: 1 },
    attempts: [{ attempt: 1, outcome: "delivered", httpStatus: 200 }],
  });
});

test("a failing endpoint is tried on the schedule, with jitter, under one id; then the delivery is dead", async () => {
  const { ports, core, deliveryKey } = await openScene();
  ports.deliverer.script.push(failed(), failed(301), failed(404));
  await deliverAll(ports, core);
  // The schedule is 0, 5, 300 seconds; half of the jitter of a fifth is added.
  expect(await attemptsOf(core, deliveryKey)).toEqual([
    [1, 0, "failed"],
    [2, 5.5, "failed"],
    [3, 335.5, "failed"],
  ]);
  expect(await deliveryOf(core, deliveryKey)).toMatchObject({
    state: { status: "dead", reason: "exhausted" },
  });
  const { posted } = ports.deliverer;
  expect(new Set(posted.map(({ headers }) => headers["webhook-id"])).size).toBe(
    1,
  );
  const tickets = posted.map(({ headers }) => headers["nucleus-result-ticket"]);
  expect(new Set(tickets).size).toBe(3);
});

test("an endpoint that asks for time gets it", async () => {
  const { ports, core, deliveryKey } = await openScene();
  ports.deliverer.script.push(failed(503, 60_000));
  await deliverAll(ports, core);
  expect(await attemptsOf(core, deliveryKey)).toEqual([
    [1, 0, "failed"],
    [2, 66, "delivered"],
  ]);
});

test("an endpoint that answers 410 is disabled, and gets nothing of later jobs", async () => {
  const { ports, core, deliveryKey, webhookId } = await openScene("webhook");
  ports.deliverer.script.push(gone);
  await deliverAll(ports, core);
  expect(await deliveryOf(core, deliveryKey)).toMatchObject({
    state: { status: "dead", reason: "gone" },
  });
  expect(
    await core.subscriptions.get(aPrincipal(), webhookId ?? tag("none")),
  ).toMatchObject({ status: "disabled" });
  const next = await acceptJob(core, ports);
  await core.activities.finish({ ...next, status: "Completed", answered: [] });
  expect(ports.messages.waiting).toEqual([]);
});

test("an endpoint that was deleted ends its deliveries, even one that died while it was attempted", async () => {
  const {
    ports,
    core,
    deliveryKey,
    webhookId = tag("none"),
  } = await openScene("webhook");
  const crash = createCrash(1, "before");
  const doomed = { ...ports, deliverer: crash.wrap(ports.deliverer) };
  await deliverNext(ports, createCore(doomed));
  expect(await deliveryOf(core, deliveryKey)).toMatchObject({
    state: { status: "delivering" },
  });
  await core.subscriptions.delete(aPrincipal(), webhookId);
  await deliverAll(ports, core);
  expect(await deliveryOf(core, deliveryKey)).toMatchObject({
    state: { status: "dead", reason: "disabled" },
  });
  expect(ports.deliverer.posted).toEqual([]);
});

test("an ended delivery is sent again on request, as a new attempt under the same id; a running one is not", async () => {
  const { ports, core, deliveryKey } = await openScene("webhook");
  ports.deliverer.script.push(failed());
  await deliverNext(ports, core);
  expect(await codeOf(core.deliveries.redeliver(deliveryKey))).toBe(
    "delivery_not_redeliverable",
  );
  await deliverAll(ports, core);
  await core.deliveries.redeliver(deliveryKey);
  await core.deliveries.redeliver(deliveryKey);
  await deliverAll(ports, core);
  const delivery = await deliveryOf(core, deliveryKey);
  expect(delivery?.attempts.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
  expect(delivery?.state.status).toBe("delivered");
  const ids = ports.deliverer.posted.map(
    ({ headers }) => headers["webhook-id"],
  );
  expect(new Set(ids)).toEqual(new Set([deliveryKey.deliveryId]));
});

test("a redelivery whose message was lost can be asked for again", async () => {
  const { ports, core, deliveryKey } = await openScene("webhook");
  await deliverAll(ports, core);
  const lost = createCore({
    ...ports,
    messages: {
      ...ports.messages,
      send: () => Promise.reject(new NucleusError("service_unavailable")),
    },
  });
  expect(await codeOf(lost.deliveries.redeliver(deliveryKey))).toBe(
    "service_unavailable",
  );
  await core.deliveries.redeliver(deliveryKey);
  await deliverAll(ports, core);
  expect(ports.deliverer.posted).toHaveLength(2);
});

test("messages that come twice, at once or late, make no attempt of their own", async () => {
  const { ports, core } = await openScene();
  ports.deliverer.script.push(failed());
  const first = ports.messages.take();
  const body = deliveryChannel.body.parse(first?.body);
  await Promise.all([
    core.deliveries.attempt(body),
    core.deliveries.attempt(body),
  ]);
  await core.deliveries.attempt(body);
  await deliverAll(ports, core);
  await core.deliveries.attempt(body);
  await deliverAll(ports, core);
  expect(ports.deliverer.posted).toHaveLength(2);
});

test("while the store does not answer, the message comes back later instead of among the dead letters", async () => {
  const { ports, core, deliveryKey } = await openScene();
  const down = createCore({
    ...ports,
    store: {
      ...ports.store,
      read: () => Promise.reject(new NucleusError("store_unavailable")),
    },
  });
  await deliverNext(ports, down);
  expect(ports.messages.waiting).toMatchObject([
    { visibleAtMs: ports.clock.now() + 30_000, body: { attempt: 1 } },
  ]);
  await deliverAll(ports, core);
  expect(await attemptsOf(core, deliveryKey)).toEqual([[1, 0, "delivered"]]);
});

test.each(["before", "after"] as const)(
  "a process that dies %s any call of an attempt: one chain goes on, in order, under one id",
  async (mode) => {
    const calls = await atEveryCall(async (at) => {
      const { ports, core, deliveryKey } = await openScene();
      ports.deliverer.script.push(failed(), failed());
      const crash = createCrash(at, mode);
      const doomed = wrapPorts(ports, crash);
      const message = ports.messages.take();
      if (!message) throw new Error("no message");
      const body = deliveryChannel.body.parse(message.body);
      await runUntilCrash(crash, createCore(doomed).deliveries.attempt(body));
      if (!crash.hasHappened()) return false;
      ports.messages.putBack(message);
      await deliverAll(ports, core);

      const where = `${mode} call ${at}`;
      const delivery = await deliveryOf(core, deliveryKey);
      const attempts = delivery?.attempts.map(({ attempt }) => attempt) ?? [];
      expect(attempts, where).toEqual([1, 2, 3].slice(0, attempts.length));
      expect(delivery?.state, where).toMatchObject({
        status: "delivered",
        attempt: attempts.length,
      });
      const { posted } = ports.deliverer;
      const ids = posted.map(({ headers }) => headers["webhook-id"]);
      expect(new Set(ids), where).toEqual(new Set([deliveryKey.deliveryId]));
      // At most one attempt is repeated: the one of which nobody knows whether it was made.
      expect(posted.length - attempts.length, where).toBeLessThanOrEqual(1);
      return true;
    });
    expect(calls).toBeGreaterThan(5);
  },
);

test("while a secret is rotated, both sign", async () => {
  const { ports, core, deliveryKey, secret } = await openScene();
  const next = await core.signing.rotate(aPrincipal());
  await deliverAll(ports, core);
  const [post] = ports.deliverer.posted;
  const at = new Date(Number(post?.headers["webhook-timestamp"]) * 1000);
  expect(post?.headers["webhook-signature"]).toBe(
    [next, secret]
      .map((each) =>
        new Webhook(each).sign(deliveryKey.deliveryId, at, post?.body ?? ""),
      )
      .join(" "),
  );
});

test("a job that failed is announced without a ticket", async () => {
  const { ports, core } = await openScene();
  ports.messages.waiting.length = 0;
  const key = await acceptJob(core, ports, {
    request: anInteraction({ callbackUrl: "https://adapter.example/callback" }),
  });
  await core.activities.finish({ ...key, status: "Failed", answered: [] });
  await deliverAll(ports, core);
  const [post] = ports.deliverer.posted;
  expect(JSON.parse(post?.body ?? "")).toMatchObject({
    type: "nucleus.job.failed",
  });
  expect(post?.headers).not.toHaveProperty("nucleus-result-ticket");
});

test("nothing of the interaction is in a message, a delivery or the log", async () => {
  const { ports, core } = await openScene();
  ports.deliverer.script.push(failed());
  await deliverNext(ports, core);
  const written = JSON.stringify([
    ports.messages.waiting,
    await allOf(ports, "delivery"),
    ports.logLines,
  ]);
  expect(written).toContain("delivery.attempted");
  for (const content of [marker, "adapter.example", "nrt_"])
    expect(written).not.toContain(content);
});
