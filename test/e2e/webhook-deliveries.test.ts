import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type CallbackAnswer,
  type CallbackReceiver,
  startCallbackReceiver,
} from "../support/callback-receiver.ts";
import { type RunningApp, startApp } from "../support/running-app.ts";
import { createSubscriber } from "../support/subscriber.ts";

/** What the subscriber answers to the nth (from 1) request for a path. */
const answers: Readonly<Record<string, (nth: number) => CallbackAnswer>> = {
  "/third-time": (nth) => ({ status: nth < 3 ? 500 : 204 }),
  "/broken": (nth) => ({ status: nth <= 3 ? 500 : 200 }),
  "/gone": () => ({ status: 410 }),
  "/moved": () => ({ status: 302, headers: { location: "/elsewhere" } }),
  "/throttled": (nth) =>
    nth === 1
      ? { status: 503, headers: { "retry-after": "2" } }
      : { status: 200 },
  "/silent": () => "silence",
};

let receiver: CallbackReceiver;
let app: RunningApp;
beforeAll(async () => {
  receiver = await startCallbackReceiver(({ path }) => {
    const nth = receiver.receivedAt(path).length;
    return answers[path]?.(nth) ?? { status: 204 };
  });
  app = await startApp({
    settings: {
      EGRESS_ALLOW: receiver.address,
      WEBHOOK_SCHEDULE: "0,1,1",
      WEBHOOK_TIMEOUT_MS: "1000",
    },
  });
});
afterAll(async () => {
  await app.stop();
  await receiver.close();
});

const adapter = (userId: string) => createSubscriber(app, receiver, userId);

describe.concurrent("a delivery", () => {
  test("500, 500, 204: delivered at the third attempt, under one id, with a ticket for each", async () => {
    const patient = adapter("patient");
    const { webhookId } = await patient.subscribe("/third-time");
    const { jobId } = await patient.post();
    const { headers } = await receiver.next(
      ({ path }) => path === "/third-time",
    );
    const id = String(headers["webhook-id"]);
    expect(
      await patient.call("POST", `/${webhookId}/deliveries/${id}/redeliver`),
    ).toMatchObject({
      status: 409,
      body: { code: "delivery_not_redeliverable" },
    });
    const delivery = await patient.untilDelivery(webhookId, "delivered");
    expect(delivery).toMatchObject({
      jobId,
      eventType: "nucleus.job.completed",
      attempts: [
        {
          attempt: 1,
          outcome: "failed",
          httpStatus: 500,
          code: "delivery_failed",
        },
        { attempt: 2, outcome: "failed", httpStatus: 500 },
        { attempt: 3, outcome: "delivered", httpStatus: 204 },
      ],
    });
    const times = delivery.attempts.map(({ at }) => Date.parse(at));
    for (const nth of [1, 2])
      expect((times[nth] ?? 0) - (times[nth - 1] ?? 0)).toBeGreaterThan(990);
    const sent = receiver.receivedAt("/third-time");
    const valuesOf = (header: string) =>
      new Set(sent.map(({ headers }) => headers[header]));
    expect(sent).toHaveLength(3);
    expect(valuesOf("webhook-id")).toEqual(new Set([delivery.deliveryId]));
    expect(valuesOf("nucleus-result-ticket").size).toBe(3);
    expect(new Set(sent.map(({ body }) => body)).size).toBe(1);
  });

  test("always 500: dead after the schedule; sent again on request", async () => {
    const stubborn = adapter("stubborn");
    const { webhookId } = await stubborn.subscribe("/broken");
    await stubborn.post();
    const { deliveryId, attempts } = await stubborn.untilDelivery(
      webhookId,
      "dead",
    );
    expect(attempts).toHaveLength(3);
    const redeliver = (id: string) =>
      stubborn.call("POST", `/${webhookId}/deliveries/${id}/redeliver`);
    expect(await redeliver("no-such-delivery")).toMatchObject({ status: 404 });
    expect(await redeliver(deliveryId)).toMatchObject({
      status: 202,
      body: { webhookId, deliveryId },
    });
    const delivered = await stubborn.untilDelivery(webhookId, "delivered");
    expect(delivered.attempts.at(-1)).toMatchObject({
      attempt: 4,
      outcome: "delivered",
      httpStatus: 200,
    });
  });

  test("410 ends it at once and disables the webhook", async () => {
    const leaving = adapter("leaving");
    const { webhookId } = await leaving.subscribe("/gone");
    await leaving.post();
    expect(await leaving.untilDelivery(webhookId, "dead")).toMatchObject({
      attempts: [{ outcome: "gone", httpStatus: 410, code: "delivery_gone" }],
    });
    expect(await leaving.call("GET", `/${webhookId}`)).toMatchObject({
      body: { status: "disabled" },
    });
    await leaving.subscribe("/still-here");
    const { jobId } = await leaving.post();
    await receiver.next(
      ({ path, body }) => path === "/still-here" && body.includes(jobId),
    );
    expect(receiver.receivedAt("/gone")).toHaveLength(1);
  });

  test("a redirect is a failure, and is not followed", async () => {
    const moving = adapter("moving");
    const { webhookId } = await moving.subscribe("/moved");
    await moving.post();
    const { attempts } = await moving.untilDelivery(webhookId, "dead");
    expect(attempts.map(({ httpStatus }) => httpStatus)).toEqual([
      302, 302, 302,
    ]);
    expect(receiver.receivedAt("/elsewhere")).toEqual([]);
  });

  test("Retry-After puts the next attempt off", async () => {
    const polite = adapter("polite");
    const { webhookId } = await polite.subscribe("/throttled");
    await polite.post();
    const { attempts } = await polite.untilDelivery(webhookId, "delivered");
    const [first = 0, second = 0] = attempts.map(({ at }) => Date.parse(at));
    expect(second - first).toBeGreaterThan(1990);
  });

  test("an endpoint that never answers has failed when its time is up", async () => {
    const waiting = adapter("waiting");
    const { webhookId } = await waiting.subscribe("/silent");
    await waiting.post();
    const { attempts } = await waiting.untilDelivery(webhookId, "dead");
    expect(attempts).toHaveLength(3);
    for (const { code, httpStatus, durationMs } of attempts) {
      expect({ code, httpStatus }).toEqual({ code: "delivery_failed" });
      expect(durationMs).toBeGreaterThanOrEqual(990);
    }
  });

  test("a webhook that was deleted meanwhile gets nothing more", async () => {
    const fickle = adapter("fickle");
    const { webhookId } = await fickle.subscribe("/broken-for-good");
    await fickle.call("DELETE", `/${webhookId}`);
    await fickle.subscribe("/kept");
    const { jobId } = await fickle.post();
    await receiver.next(
      ({ path, body }) => path === "/kept" && body.includes(jobId),
    );
    expect(receiver.receivedAt("/broken-for-good")).toEqual([]);
  });
});
