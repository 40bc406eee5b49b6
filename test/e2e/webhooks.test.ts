import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type CallbackReceiver,
  startCallbackReceiver,
} from "../support/callback-receiver.ts";
import { fileReferences } from "../support/jobs.ts";
import { type RunningApp, startApp } from "../support/running-app.ts";
import { createSubscriber, type Subscribed } from "../support/subscriber.ts";

let receiver: CallbackReceiver;
let app: RunningApp;
beforeAll(async () => {
  receiver = await startCallbackReceiver();
  app = await startApp({
    settings: {
      EGRESS_ALLOW: receiver.address,
      WEBHOOK_SCHEDULE: "0",
    },
  });
});
afterAll(async () => {
  await app.stop();
  await receiver.close();
});

const adapter = (userId: string) => createSubscriber(app, receiver, userId);

describe.concurrent("a subscription", () => {
  test("its secret is shown once, and it can be read, listed and deleted by its own adapter only", async () => {
    const owner = adapter("owner");
    const { webhookId, secret } = await owner.subscribe("/crud", [
      "nucleus.job.failed",
    ]);
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{32,}=*$/);
    const seen = {
      webhookId,
      url: `${receiver.origin}/crud`,
      eventTypes: ["nucleus.job.failed"],
      status: "active",
      createdAt: expect.any(String) as unknown,
      updatedAt: expect.any(String) as unknown,
    };
    expect((await owner.call("GET", `/${webhookId}`)).body).toEqual(seen);
    expect((await owner.call("GET", "")).body).toEqual({ webhooks: [seen] });

    const stranger = adapter("stranger");
    expect((await stranger.call("GET", "")).body).toEqual({ webhooks: [] });
    for (const [method, path] of [
      ["GET", ""],
      ["DELETE", ""],
      ["POST", "/secret"],
      ["GET", "/deliveries"],
      ["POST", "/deliveries/d1/redeliver"],
    ] as const)
      expect(await stranger.call(method, `/${webhookId}${path}`)).toMatchObject(
        { status: 404 },
      );

    expect(await owner.call("DELETE", `/${webhookId}`)).toMatchObject({
      status: 204,
    });
    expect(await owner.call("GET", `/${webhookId}`)).toMatchObject({
      status: 404,
    });
    expect((await owner.call("GET", "")).body).toEqual({ webhooks: [] });
  });

  test("a private, malformed or unknown address, event type or field is refused", async () => {
    const { call } = adapter("clumsy");
    const url = `${receiver.origin}/x`;
    for (const [body, code] of [
      [{ url: "https://10.0.0.1/" }, "url_refused"],
      [{ url: "http://127.0.0.1:9/" }, "url_refused"],
      [{ url: "no url" }, "request_invalid"],
      [{ url, eventTypes: [] }, "request_invalid"],
      [{ url, eventTypes: ["nucleus.job.started"] }, "request_invalid"],
      [{ url, secret: "mine" }, "request_invalid"],
    ] as const)
      expect(await call("POST", "", body)).toMatchObject({
        status: 400,
        body: { code },
      });
  });

  test("an adapter may have twenty, however many it asks for at once", async () => {
    const { call } = adapter("collector");
    const create = () => call("POST", "", { url: `${receiver.origin}/x` });
    const answers = await Promise.all(Array.from({ length: 25 }, create));
    const created = answers.flatMap(({ status, body }) =>
      status === 201 ? [(body as Subscribed).webhookId] : [],
    );
    expect(created.length).toBeLessThanOrEqual(20);
    const { body } = await call("GET", "");
    const { webhooks } = body as { webhooks: Subscribed[] };
    expect(new Set(webhooks.map(({ webhookId }) => webhookId))).toEqual(
      new Set(created),
    );
    for (let nth = created.length; nth < 20; nth += 1)
      expect(await create()).toMatchObject({ status: 201 });
    expect(await create()).toMatchObject({
      status: 409,
      body: { code: "webhook_limit" },
    });
  });

  test("it gets the events that it asked for, of its own adapter's jobs, signed with its own secret", async () => {
    const subscriber = adapter("subscriber");
    const onEnd = await subscriber.subscribe("/every-end");
    const onFailure = await subscriber.subscribe("/failures", [
      "nucleus.job.failed",
    ]);
    const { jobId } = await subscriber.post();
    const callback = await receiver.next(({ path }) => path === "/every-end");
    expect(
      new Webhook(onEnd.secret).verify(
        callback.body,
        callback.headers as Record<string, string>,
      ),
    ).toMatchObject({ type: "nucleus.job.completed", subject: jobId });

    const failing = await subscriber.post({
      queryText: undefined,
      artifactReferences: fileReferences("missing.md"),
    });
    const failure = await receiver.next(({ path }) => path === "/failures");
    expect(
      new Webhook(onFailure.secret).verify(
        failure.body,
        failure.headers as Record<string, string>,
      ),
    ).toMatchObject({ type: "nucleus.job.failed", subject: failing.jobId });
    const listed = await subscriber.deliveries(onFailure.webhookId);
    expect(listed.map(({ jobId: listedJobId }) => listedJobId)).toEqual([
      failing.jobId,
    ]);

    await adapter("bystander").post();
    expect(
      receiver
        .receivedAt("/failures")
        .map(({ headers }) => headers["webhook-id"]),
    ).toHaveLength(1);
  });

  test("while a secret is rotated, the old one and the new one sign", async () => {
    const rotating = adapter("rotating");
    const { webhookId, secret } = await rotating.subscribe("/rotated");
    const answer = await rotating.call("POST", `/${webhookId}/secret`);
    expect(answer).toMatchObject({ status: 201, body: { webhookId } });
    const rotated = (answer.body as Subscribed).secret;
    expect(rotated).not.toBe(secret);
    await rotating.post();
    const { body, headers } = await receiver.next(
      ({ path }) => path === "/rotated",
    );
    for (const each of [secret, rotated])
      new Webhook(each).verify(body, headers as Record<string, string>);
  });
});
