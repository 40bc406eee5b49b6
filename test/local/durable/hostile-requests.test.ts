import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { systemKey } from "./support/durable-client.ts";
import { createSdkApp, df } from "./support/sdk-worker.ts";
import {
  serveManagement,
  type ServedManagement,
} from "./support/serve-management.ts";
import { openTestHub, type TestHub } from "./support/test-hub.ts";

const app = createSdkApp(() => {
  df.app.orchestration("wait", function* (context) {
    return yield context.df.waitForExternalEvent("go");
  });
  df.app.entity("counter", (context) => {
    context.df.setState(1);
  });
});

let hub: TestHub;
let served: ServedManagement;

beforeEach(async () => {
  hub = openTestHub(app);
  served = await serveManagement(hub);
});

afterEach(() => served.close());

const ask = (method: string, path: string, body?: string): Promise<Response> =>
  fetch(`${served.origin}/runtime/webhooks/durabletask/${path}`, {
    method,
    headers: {
      "x-functions-key": systemKey,
      "content-type": "application/json",
    },
    ...(body !== undefined && { body }),
  });

const nested = (levels: number): string =>
  "[".repeat(levels) + "]".repeat(levels);

describe("an input that nests without measure", () => {
  it("is shown as text, and does not take the list of instances with it", async () => {
    const deep = nested(100_000);
    expect((await ask("POST", "orchestrators/wait/deep", deep)).status).toBe(
      202,
    );
    await ask("POST", "orchestrators/wait/other", '{"is":["usual"]}');

    const status = await ask("GET", "instances/deep");
    expect(await status.json()).toMatchObject({ input: deep });
    const list = (await (await ask("GET", "instances")).json()) as object[];
    expect(list).toMatchObject([
      { instanceId: "deep", input: deep },
      { instanceId: "other", input: { is: ["usual"] } },
    ]);
  });

  it("is JSON still as deep as anybody means it", async () => {
    const deep = nested(900);
    await ask("POST", "orchestrators/wait/deep", deep);
    const { input } = (await (await ask("GET", "instances/deep")).json()) as {
      input: unknown;
    };
    expect(JSON.stringify(input)).toBe(deep);
  });
});

describe("a page", () => {
  it.each(["1e300", "99999999999999999999"])(
    "of %s is refused",
    async (top) => {
      for (const path of ["instances", "entities"]) {
        const answer = await ask("GET", `${path}?top=${top}`);
        expect(answer.status).toBe(400);
      }
    },
  );
  it("as large as can be counted holds everything", async () => {
    await ask("POST", "orchestrators/wait/one");
    const top = Number.MAX_SAFE_INTEGER;
    for (const path of ["instances", "entities"]) {
      const answer = await ask("GET", `${path}?top=${top}`);
      expect(answer.status).toBe(200);
    }
  });
});

it("names that objects have by birth are ordinary IDs and keys, and no functions", async () => {
  for (const name of ["__proto__", "constructor", "toString"]) {
    const answer = await ask("POST", `orchestrators/${name}`);
    expect(answer.status).toBe(400);
    await ask("POST", `orchestrators/wait/${name}`);
    const status = await ask("GET", `instances/${name}`);
    expect(await status.json()).toMatchObject({ instanceId: name });
    const signal = `entities/counter/${name}?op=${name}`;
    expect((await ask("POST", signal, "1")).status).toBe(202);
  }
});
