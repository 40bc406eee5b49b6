import { afterEach, expect, test } from "vitest";

import {
  cjsApp,
  runCleanups,
  startFixtureHost,
} from "../host/support/start-fixture-host.ts";

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(() => runCleanups(cleanups));

test("the lines of a function that a worker keeps are said once, by the turn that logged them, and none comes too late", async () => {
  const host = await startFixtureHost(
    cjsApp(`
      df.app.activity("next", { handler: (index) => index + 1 });
      df.app.orchestration("sequence", function* (context) {
        let index = 0;
        while (index < 60) {
          index = yield context.df.callActivity("next", index);
          if (!context.df.isReplaying) context.log("step " + index);
        }
        return index;
      });
      app.http("run", {
        methods: ["POST"],
        authLevel: "anonymous",
        extraInputs: [df.input.durableClient()],
        handler: async (request, context) => {
          const client = df.getClient(context);
          const id = await client.startNew("sequence");
          return client.waitForCompletionOrCreateCheckStatusResponse(request, id, {
            timeoutInMilliseconds: 20_000,
            retryIntervalInMilliseconds: 20,
          });
        },
      });
    `),
    cleanups,
  );
  const response = await fetch(`${host.httpUrl}/api/run`, { method: "POST" });
  expect([response.status, await response.json()]).toEqual([200, 60]);

  const said = host.lines.filter(
    ({ event, functionName }) =>
      event === "app-log" && functionName === "sequence",
  );
  expect(said.map(({ message }) => message)).toEqual(
    Array.from({ length: 60 }, (_, index) => `step ${index + 1}`),
  );
  expect(new Set(said.map(({ invocationId }) => invocationId)).size).toBe(60);
}, 30_000);
