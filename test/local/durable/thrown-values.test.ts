import { expect, test } from "vitest";

import { createSdkApp, df } from "./support/sdk-worker.ts";
import { openTestHub } from "./support/test-hub.ts";

const withMessage = (message: unknown): Error =>
  Object.assign(new Error("replaced"), { message });

const unreadable = Object.defineProperty(new Error("replaced"), "message", {
  get() {
    throw new Error("from the getter");
  },
});

/** What an activity may throw, and what its orchestrator then finds in the error's message. */
const thrown: readonly (readonly [string, unknown, string])[] = [
  ["a text", "text", "text"],
  ["nothing", undefined, "Unknown error"],
  ["a value", { code: "E_LIMIT" }, '{"code":"E_LIMIT"}'],
  ["a symbol", Symbol("limit"), "Symbol(limit)"],
  ["an error whose message is a number", withMessage(42), "42"],
  [
    "an error whose message is an object",
    withMessage({ code: 7 }),
    '{"code":7}',
  ],
  [
    "an error whose message is a function",
    withMessage(() => 1),
    "[Function (anonymous)]",
  ],
  ["an error without a message", withMessage(undefined), "Unknown error"],
  ["an error whose message cannot be read", unreadable, "Unknown error"],
  [
    "an error whose stack is no text",
    Object.assign(new Error("said"), { stack: [() => 1] }),
    "said",
  ],
];

const app = createSdkApp(() => {
  df.app.activity("fail", {
    handler: (index: number) => {
      // What people throw is what is tested.
      // oxlint-disable-next-line typescript/only-throw-error
      throw thrown[index]?.[1];
    },
  });
  df.app.orchestration("catch", function* (context) {
    try {
      yield context.df.callActivity("fail", context.df.getInput());
    } catch (error) {
      return (error as Error).message;
    }
    return "nothing was thrown";
  });
});

test.each(thrown.map(([what, , message], index) => ({ what, message, index })))(
  "an activity throws $what: it has failed, and its orchestrator is told",
  async ({ message, index }) => {
    const hub = openTestHub(app);
    const { status, output } = await hub.finish(
      await hub.start("catch", index),
    );
    expect(status).toBe("Completed");
    expect(output).toContain(`failed:  ${message}`);
    hub.close();
  },
);
