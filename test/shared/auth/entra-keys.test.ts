import { expect, onTestFinished, test } from "vitest";
import { fetchKeySet } from "../../../shared/auth/fetch-key-set.ts";
import { startEntra } from "../../azure/entra.ts";
import { startTlsServer } from "../../azure/tls-server.ts";
import { openEntra, startMs } from "./open-entra.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

test("many requests at once, and more after them, ask for the keys once", async () => {
  const { entra, outcome } = await openEntra();
  const tokens = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      entra.token({ uti: String(index) }),
    ),
  );
  expect(new Set(await Promise.all(tokens.map(outcome)))).toEqual(
    new Set(["ok"]),
  );
  expect(await outcome(entra.token({ uti: "later" }))).toBe("ok");
  expect(entra.keyFetches()).toBe(1);
});

test("a new key is learnt with its first token", async () => {
  const { clock, entra, outcome } = await openEntra();
  expect(await outcome(entra.token())).toBe("ok");
  await entra.rotate();
  clock.nowMs += minuteMs;
  expect(await outcome(entra.token())).toBe("ok");
  expect(entra.keyFetches()).toBe(2);
});

test("key ids that somebody makes up cost one fetch per half minute", async () => {
  const { clock, entra, outcome } = await openEntra();
  await outcome(entra.token());
  for (const seconds of [10, 15, 29, 31, 40]) {
    clock.nowMs = startMs + seconds * 1000;
    const token = entra.token({}, { kid: `made-up-${seconds}` });
    expect(await outcome(token)).toBe("unauthenticated");
  }
  expect(entra.keyFetches()).toBe(2);
});

test("a key that was taken out verifies nothing after an hour and five minutes", async () => {
  const { clock, entra, outcome } = await openEntra();
  const old = await entra.token({ exp: startMs / 1000 + 7 * 3600 });
  expect(await outcome(old)).toBe("ok");
  await entra.rotate();
  entra.retireOldKeys();

  clock.nowMs = startMs + hourMs - 1;
  expect(await outcome(old)).toBe("ok");
  clock.nowMs = startMs + hourMs + 5 * minuteMs;
  expect(await outcome(old)).toBe("unauthenticated");
});

test.each(["garbage", "empty", "endless", 500, 404, 302] as const)(
  "while the issuer answers %s, known keys stay and unknown ones are unavailable",
  async (answer) => {
    const { clock, entra, outcome } = await openEntra();
    expect(await outcome(entra.token())).toBe("ok");
    entra.answerKeysWith(answer);
    for (const hours of [1, 2, 30]) {
      clock.nowMs = startMs + hours * hourMs;
      expect(await outcome(entra.token())).toBe("ok");
    }
    const known = entra.current().kid;
    await entra.rotate();
    expect(await outcome(entra.token())).toBe("service_unavailable");
    expect(await outcome(entra.token({}, { kid: known }))).toBe(
      "unauthenticated",
    );

    entra.answerKeysWith("keys");
    clock.nowMs += minuteMs;
    expect(await outcome(entra.token())).toBe("ok");
  },
);

test("an issuer that never answered makes requests wait, and is asked again after five seconds", async () => {
  const { clock, entra, verify, outcome } = await openEntra();
  entra.answerKeysWith(503);
  await expect(verify(await entra.token())).rejects.toMatchObject({
    code: "service_unavailable",
    retryable: true,
    retryAfterMs: 5000,
  });
  clock.nowMs += 4000;
  expect(await outcome(entra.token())).toBe("service_unavailable");
  expect(entra.keyFetches()).toBe(1);

  entra.answerKeysWith("keys");
  clock.nowMs += 1000;
  expect(await outcome(entra.token())).toBe("ok");
});

test(
  "while the issuer is down, a caller whose key is known does not wait for it",
  { timeout: 4000 },
  async () => {
    const { clock, entra, outcome } = await openEntra();
    expect(await outcome(entra.token())).toBe("ok");
    entra.answerKeysWith(500);
    clock.nowMs = startMs + 2 * hourMs;
    expect(await outcome(entra.token())).toBe("ok");

    entra.answerKeysWith("silence");
    clock.nowMs += minuteMs;
    expect(await outcome(entra.token())).toBe("ok");
  },
);

test("an issuer that is silent, redirects or is not there gives no keys", async () => {
  const entra = await startEntra();
  onTestFinished(() => entra.close());
  entra.answerKeysWith("silence");
  const url = new URL(entra.jwksUrl);
  await expect(fetchKeySet(url, 50)).rejects.toThrow("aborted");

  const redirecting = await startTlsServer((_, response) => {
    response.writeHead(302, { location: entra.jwksUrl }).end();
  });
  const redirect = new URL(redirecting.origin);
  await expect(fetchKeySet(redirect)).rejects.toThrow("fetch failed");
  await redirecting.close();
  await expect(fetchKeySet(redirect)).rejects.toThrow("fetch failed");
});

test("keys of other kinds beside Entra ID's own do not matter", async () => {
  const { entra, outcome } = await openEntra();
  entra.publishBeside([
    { kty: "EC", crv: "P-256", kid: "ec", x: "AA", y: "AA" },
    { kty: "RSA", use: "enc", kid: "enc", n: "AQAB", e: "AQAB" },
    { kty: "RSA", kid: "broken", n: 1 },
    "no key",
  ]);
  expect(await outcome(entra.token())).toBe("ok");
});
