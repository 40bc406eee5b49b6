import { ServiceBusClient } from "@azure/service-bus";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import {
  type CallbackReceiver,
  type ReceivedCallback,
  startCallbackReceiver,
} from "../support/callback-receiver.ts";
import {
  fileReferences,
  interactionBody,
  postInteraction,
  readResult,
  untilEnded,
} from "../support/jobs.ts";
import { type RunningApp, startApp } from "../support/running-app.ts";

const minutes = fileReferences("05-steering-committee-minutes.md");

let receiver: CallbackReceiver;
let app: RunningApp;
beforeAll(async () => {
  receiver = await startCallbackReceiver();
  app = await startApp({
    settings: { EGRESS_ALLOW: receiver.address, WEBHOOK_SCHEDULE: "0" },
  });
});
afterAll(async () => {
  await app.stop();
  await receiver.close();
});

/** Runs a job that calls back to `path` and answers its id and the callback. */
async function callBack(
  path: string,
  {
    fields = {},
    headers = {},
    userId = "u1",
  }: {
    fields?: Record<string, unknown>;
    headers?: Record<string, string>;
    userId?: string;
  } = {},
): Promise<{ jobId: string; callback: ReceivedCallback }> {
  const { jobId } = await postInteraction(
    app,
    interactionBody({
      artifactReferences: minutes,
      callbackUrl: `${receiver.origin}${path}`,
      ...fields,
    }),
    headers,
    { userId },
  );
  const callback = await receiver.next((received) => received.path === path);
  return { jobId, callback };
}

async function newSecret(userId: string): Promise<string> {
  const answer = await app.call("POST", "/api/v1/webhooks/secret", {
    caller: { userId },
  });
  expect(answer.status).toBe(201);
  return (answer.body as { secret: string }).secret;
}

/** What the standard's own library makes of the callback; throws where the signature is not of this secret. */
const verify = (secret: string, { body, headers }: ReceivedCallback) =>
  new Webhook(secret).verify(body, headers as Record<string, string>);

const ticketOf = ({ headers }: ReceivedCallback) =>
  String(headers["nucleus-result-ticket"]);

const redeem = (jobId: string, ticket: string) =>
  app.call("GET", `/api/v1/jobs/${jobId}/result`, {
    caller: null,
    headers: { "nucleus-result-ticket": ticket },
  });

test("the end of a job is called back as a thin CloudEvent, signed with the adapter's own secret", async () => {
  const secret = await newSecret("signer");
  const { jobId, callback } = await callBack("/signed?channel=4711", {
    userId: "signer",
  });
  const event = verify(secret, callback);
  expect(event).toEqual({
    specversion: "1.0",
    id: callback.headers["webhook-id"],
    source: app.url,
    type: "nucleus.job.completed",
    time: expect.stringMatching(/^\d{4}-.*Z$/) as unknown,
    subject: jobId,
    datacontenttype: "application/json",
    data: {
      jobId,
      status: "Completed",
      statusUrl: `${app.url}/api/v1/jobs/${jobId}/status`,
      resultUrl: `${app.url}/api/v1/jobs/${jobId}/result`,
    },
  });
  expect(callback.headers).toMatchObject({
    "content-type": "application/cloudevents+json; charset=utf-8",
    "webhook-id": expect.stringMatching(/^[^.]+$/) as unknown,
    "webhook-timestamp": expect.stringMatching(/^\d{10}$/) as unknown,
    "webhook-signature": expect.stringMatching(
      /^v1,[A-Za-z0-9+/]{43}=$/,
    ) as unknown,
  });
  const { completedAt } = await untilEnded(app, jobId, {
    caller: { userId: "signer" },
  });
  expect((event as { time: string }).time).toBe(completedAt);
});

test("the secret of another adapter does not verify it, and after a rotation both of its own do", async () => {
  const noMatch = "No matching signature found";
  const stranger = await newSecret("stranger");
  const first = await newSecret("rotating");
  const second = await newSecret("rotating");
  const { callback } = await callBack("/rotated", { userId: "rotating" });
  expect(String(callback.headers["webhook-signature"]).split(" ").length).toBe(
    2,
  );
  verify(first, callback);
  verify(second, callback);
  expect(() => verify(stranger, callback)).toThrow(noMatch);
  expect(() =>
    verify(second, { ...callback, body: `${callback.body} ` }),
  ).toThrow(noMatch);
});

test("the ticket beside the event opens this job's result without a token, again within minutes, and no other", async () => {
  const { jobId, callback } = await callBack("/ticket");
  const { jobId: otherJobId } = await callBack("/other-ticket");
  const ticket = ticketOf(callback);
  const first = await redeem(jobId, ticket);
  expect(first.status).toBe(200);
  expect(first.body).toEqual(await readResult(app, jobId));
  expect(await redeem(jobId, ticket)).toMatchObject({ body: first.body });
  expect(await redeem(otherJobId, ticket)).toMatchObject({ status: 401 });
  for (const wrong of ["", "x", `${ticket}x`, `${ticket.split(".")[0]}.nrt_x`])
    expect(await redeem(jobId, wrong)).toMatchObject({ status: 401 });
  expect(callback.body).not.toContain(ticket);
});

test("a failed job is called back too, without a ticket", async () => {
  const { jobId, callback } = await callBack("/failed", {
    fields: {
      queryText: undefined,
      artifactReferences: fileReferences("missing.md"),
    },
  });
  expect(JSON.parse(callback.body)).toMatchObject({
    type: "nucleus.job.failed",
    subject: jobId,
    data: { status: "Failed" },
  });
  expect(callback.headers["nucleus-result-ticket"]).toBeUndefined();
});

test("the trace of the request arrives with the callback", async () => {
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
  const { callback } = await callBack("/traced", {
    headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
  });
  expect(callback.headers["traceparent"]).toMatch(
    new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`),
  );
  const untraced = await callBack("/untraced");
  expect(untraced.callback.headers["traceparent"]).toMatch(
    /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/,
  );
});

test("a result that was called back stays readable for at least 96 hours", async () => {
  const { jobId } = await callBack("/kept");
  const { body } = await app.call("GET", `/api/v1/jobs/${jobId}`);
  const { completedAt, retainUntil } = body as Record<string, string>;
  expect(
    Date.parse(retainUntil ?? "") - Date.parse(completedAt ?? ""),
  ).toBeGreaterThanOrEqual(96 * 3600 * 1000);
});

test("poison messages end among the dead letters while good ones go on", async () => {
  const client = new ServiceBusClient(app.host.serviceBusConnectionString);
  onTestFinished(() => client.close());
  await client.createSender("webhook-deliveries").sendMessages([
    { body: { nonsense: true }, messageId: "poison-1" },
    { body: "not even an object", messageId: "poison-2" },
    { body: Buffer.from([0xff, 0xfe, 0x00]), messageId: "poison-3" },
  ]);
  await callBack("/beside-poison");

  const deadLetters = client.createReceiver("webhook-deliveries", {
    subQueueType: "deadLetter",
  });
  const found = new Set<unknown>();
  while (found.size < 3)
    for (const message of await deadLetters.receiveMessages(3)) {
      found.add(message.messageId);
      await deadLetters.completeMessage(message);
    }
  expect(found).toEqual(new Set(["poison-1", "poison-2", "poison-3"]));
  await callBack("/after-poison");
});
