import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { newId } from "../../../shared/kernel/ids.ts";
import { Tag } from "../../../shared/kernel/metadata.ts";
import { newWebhookSecret } from "../../../shared/webhooks/secrets.ts";
import { signDelivery } from "../../../shared/webhooks/sign.ts";

const body = '{"specversion":"1.0","note":"ü"}';
const timestampSeconds = Math.floor(Date.now() / 1000);

test("a secret is whsec_ and 32 random bytes in base64", () => {
  const secret = newWebhookSecret();
  expect(secret).toMatch(/^whsec_[A-Za-z\d+/]{43}=$/);
  expect(newWebhookSecret()).not.toBe(secret);
});

test("a receiver verifies with its secret; during rotation with the old and the new one", () => {
  const [current, previous, other] = [
    newWebhookSecret(),
    newWebhookSecret(),
    newWebhookSecret(),
  ];
  const deliveryId = newId();
  const single = signDelivery({
    deliveryId,
    timestampSeconds,
    body,
    secrets: [current],
  });
  expect(single["webhook-signature"]).toMatch(/^v1,\S+$/);
  expect(new Webhook(current).verify(body, { ...single })).toMatchObject({
    specversion: "1.0",
  });

  const rotating = signDelivery({
    deliveryId,
    timestampSeconds,
    body,
    secrets: [current, previous],
  });
  expect(rotating["webhook-signature"]).toMatch(/^v1,\S+ v1,\S+$/);
  expect(rotating["webhook-id"]).toBe(deliveryId);
  for (const secret of [current, previous])
    expect(() =>
      new Webhook(secret).verify(body, { ...rotating }),
    ).not.toThrow();
  expect(() => new Webhook(other).verify(body, { ...rotating })).toThrow(
    "No matching signature",
  );
  expect(() =>
    new Webhook(current).verify(`${body} `, { ...rotating }),
  ).toThrow("No matching signature");
});

test("the signature is the one of the specification: HMAC-SHA256 of id.timestamp.body", () => {
  expect(
    signDelivery({
      deliveryId: Tag.parse("msg_p5jXN8AQM9LWM0D4loKWxJek"),
      timestampSeconds: 1_614_265_330,
      body: '{"test": 2432232314}',
      secrets: ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    }),
  ).toEqual({
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  });
});

test("an id with a dot, which the signature could not tell from the time, is refused", () => {
  expect(() =>
    signDelivery({
      deliveryId: Tag.parse("a.b"),
      timestampSeconds,
      body,
      secrets: [newWebhookSecret()],
    }),
  ).toThrow(RangeError);
});
