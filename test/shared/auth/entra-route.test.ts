import { HttpRequest, InvocationContext } from "@azure/functions";
import { expect, test } from "vitest";
import {
  type SecuredCall,
  toHttpHandler,
} from "../../../functions/http/route.ts";
import { createLogger } from "../../../shared/kernel/log.ts";
import { openEntra } from "./open-entra.ts";

/** A route for adapters, called over the app's own door. */
async function openRoute() {
  const opened = await openEntra();
  const handle = toHttpHandler(
    {
      name: "whoami",
      method: "GET",
      path: "whoami",
      access: ["adapter"],
      handle: ({ principal }: SecuredCall) =>
        Promise.resolve({ jsonBody: principal }),
    },
    {
      verifier: opened.verifier,
      log: createLogger(
        () => undefined,
        () => opened.clock.nowMs,
      ),
    },
  );
  const call = async (token: string) =>
    handle(
      new HttpRequest({
        method: "GET",
        url: "https://nucleus.example/api/whoami",
        headers: { authorization: `Bearer ${token}` },
      }),
      new InvocationContext({ invocationId: "i1", functionName: "whoami" }),
    );
  return { ...opened, call };
}

test("a route knows its caller by a token of Entra ID", async () => {
  const { entra, call } = await openRoute();
  expect(await call(await entra.token())).toMatchObject({
    jsonBody: { tenantId: "c0000000-0000-4000-8000-00000000000c" },
  });
});

test("a token without the route's role, or without the scope, is forbidden", async () => {
  const { entra, call } = await openRoute();
  for (const claims of [{ roles: ["reviewer"] }, { scp: "profile" }])
    expect(await call(await entra.token(claims))).toMatchObject({
      status: 403,
    });
});

test("a wrong token is told to get another, and why to nobody", async () => {
  const { entra, call } = await openRoute();
  const answer = await call(await entra.token({ aud: "api://else" }));
  expect(answer).toMatchObject({
    status: 401,
    headers: { "www-authenticate": "Bearer" },
  });
  expect(JSON.stringify(answer)).not.toMatch(/aud|api:/);
});

test("while Entra ID's keys cannot be read, callers are told to come again", async () => {
  const { entra, call } = await openRoute();
  entra.answerKeysWith(500);
  expect(await call(await entra.token())).toMatchObject({
    status: 503,
    headers: { "retry-after": "5" },
  });
});
