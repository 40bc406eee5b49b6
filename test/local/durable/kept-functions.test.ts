import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { FixtureAppOptions } from "../host/support/fixture-app.ts";

import {
  cjsApp,
  runCleanups,
  startFixtureHost,
} from "../host/support/start-fixture-host.ts";
import { waitForStatus } from "../host/support/wait-for.ts";

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

const startJob = async (host: {
  readonly httpUrl: string;
  readonly systemKey: string;
}): Promise<string> => {
  const started = await fetch(
    `${host.httpUrl}/runtime/webhooks/durabletask/orchestrators/job?code=${host.systemKey}`,
    { method: "POST" },
  );
  const { statusQueryGetUri } = (await started.json()) as {
    readonly statusQueryGetUri: string;
  };
  return statusQueryGetUri;
};

/** An orchestrator that, the first time that it has the activity's result, does what its app does with it. */
const spoiling = (spoil: string): FixtureAppOptions =>
  cjsApp(
    `
    const fs = require("node:fs");
    const file = require("node:path").join(__dirname, "spoiled");
    const ran = require("node:path").join(__dirname, "ran");
    df.app.activity("quick", {
      handler: () => { fs.appendFileSync(ran, "x"); return "quick"; },
    });
    df.app.orchestration("job", function* (context) {
      const result = yield context.df.callActivity("quick");
      if (!fs.existsSync(file)) { fs.writeFileSync(file, ""); ${spoil} }
      return result;
    });
  `,
    { version: "2.0", functionTimeout: "00:00:02" },
  );

test.each([
  ["never yields", "for (;;);"],
  ["ends its worker", "process.exit(1);"],
])(
  "an activity does not fail for the turn behind it, which %s: it runs again by itself",
  async (_, spoil) => {
    const host = await startFixtureHost(spoiling(spoil), cleanups);
    const status = await startJob(host);
    const { output } = await waitForStatus(status, "Completed");
    expect(output).toBe("quick");
    const ran = readFileSync(join(host.app.scriptRoot, "ran"), "utf8");
    expect(ran).toBe("xx");
  },
  30_000,
);
