import { startTestHost } from "../../../local/testing/index.ts";
import * as df from "durable-functions";
import { expect, test } from "vitest";

// The first example of docs/testing.md.
test("nobody answers for a week: the request lapses", async () => {
  await using host = await startTestHost({
    register: () => {
      df.app.orchestration("request", function* (context) {
        const answer = context.df.waitForExternalEvent("answer");
        const week = context.df.createTimer(
          new Date(context.df.currentUtcDateTime.getTime() + 7 * 86_400_000),
        );
        const first = yield context.df.Task.any([answer, week]);
        if (first === answer) week.cancel();
        return first === answer ? answer.result : "lapsed";
      });
    },
  });
  const id = await host.client.start("request");
  expect((await host.waitFor(id)).output).toBe("lapsed");
  expect(host.now()).toEqual(new Date("2026-01-08T00:00:00.000Z"));
});
