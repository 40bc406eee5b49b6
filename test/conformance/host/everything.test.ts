import { ServiceBusClient } from "@azure/service-bus";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readRuntime } from "../../local/host/support/spawn-host.ts";
import { startCommand } from "./support/start-command.ts";
import type { HostCommand } from "./support/start-command.ts";

const scriptRoot = resolve(import.meta.dirname, "apps/everything");

const cleanups: (() => Promise<void> | void)[] = [];
let host: HostCommand;
let home = "";
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "nucleus-everything-"));
  cleanups.push(() =>
    rm(folder, { recursive: true, force: true, maxRetries: 5 }),
  );
  home = join(folder, "home");
  host = await startCommand(
    {
      scriptRoot,
      home,
      args: [
        `--service-bus-config=${join(scriptRoot, "service-bus.json")}`,
        "--language-worker",
        "--",
        "--inspect=0",
      ],
    },
    cleanups,
  );
});
afterAll(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const call = (path: string, init?: RequestInit): Promise<Response> =>
  fetch(`${host.origin}/v2/${path}`, init);

const callByHand = async (name: string): Promise<number> => {
  const { masterKey } = readRuntime(home);
  const answer = await fetch(`${host.origin}/admin/functions/${name}`, {
    method: "POST",
    headers: { "x-functions-key": masterKey },
    body: "{}",
  });
  return answer.status;
};

describe("an app with everything", () => {
  it("starts without the function that is disabled, whose binding is not there", () => {
    expect(host.lines).toContain("Function thumbnails is disabled.");
    expect(host.lines).toContain(`\tmirror: [POST] ${host.origin}/v2/mirror`);
  });

  it("can be debugged: the worker's own arguments open its inspector", async () => {
    const line = await host.printed("Debugger listening on ws://");
    const { host: inspector } = new URL(/ws:\S+/.exec(line)?.[0] ?? "");
    const targets = (await (
      await fetch(`http://${inspector}/json/list`)
    ).json()) as { type: string }[];
    expect(targets).toMatchObject([{ type: "node" }]);
    expect(readRuntime(home).workerPids).toHaveLength(1);
  });
});

describe("HTTP", () => {
  it("carries what is there several times: headers, query keys, cookies", async () => {
    const answer = await call("mirror?tag=a&tag=b", {
      method: "POST",
      headers: [
        ["x-each", "1"],
        ["x-each", "2"],
        ["cookie", "c=3; d=4"],
      ],
      body: "hi",
    });
    expect(await answer.json()).toEqual({
      cookie: "c=3; d=4",
      each: "1, 2",
      tags: "a,b",
      body: "hi",
    });
    expect(answer.headers.get("x-each")).toBe("one, two");
    expect(answer.headers.getSetCookie()).toEqual([
      "a=1; path=/; httponly",
      "b=2; max-age=60; path=/v2",
    ]);
    expect(answer.headers.get("x-frame-options")).toBe("DENY");
  });

  it.each([
    ["7", { by: "literal" }],
    ["42", { by: "number", id: "42" }],
    ["hats", { by: "word", slug: "hats" }],
    ["100", { by: "tail", rest: "100" }],
    ["hats/red", { by: "tail", rest: "hats/red" }],
  ])("finds the most precise route of items/%s", async (path, expected) => {
    expect(await (await call(`items/${path}`)).json()).toEqual(expected);
  });

  it("asks for keys, bounds bodies and time", async () => {
    expect((await call("keyed")).status).toBe(401);
    expect((await call("owned")).status).toBe(401);
    const { masterKey } = readRuntime(home);
    expect((await call(`owned?code=${masterKey}`)).status).toBe(200);
    const body = "x".repeat(1001);
    expect((await call("mirror", { method: "POST", body })).status).toBe(413);
    expect((await call("slow")).status).toBe(500);
  });

  it("answers the preflights of the origins in local.settings.json", async () => {
    const answer = await call("keyed", {
      method: "OPTIONS",
      headers: {
        origin: "https://app.example",
        "access-control-request-method": "GET",
      },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers.get("access-control-allow-credentials")).toBe("true");
  });
});

describe("timers", () => {
  it("run at the start, their lines passing the log hook", async () => {
    expect(await host.printed("at start:")).toContain(
      "at start: false (seen by the hook)",
    );
  });

  it("know their next occurrence by the app's time zone", async () => {
    expect(await callByHand("morning")).toBe(202);
    expect(await host.printed("next morning:")).toMatch(/T00:30:00(\.000)?Z$/);
  });

  it("are tried again under their retry policy", async () => {
    expect(await callByHand("retried")).toBe(202);
    await host.printed("try 2 of 2");
    expect(
      host.lines.flatMap((line) => /try \d of 2/.exec(line) ?? []),
    ).toEqual(["try 0 of 2", "try 1 of 2", "try 2 of 2"]);
  });
});

describe("Service Bus", () => {
  it("goes from an extra output through a queue and a topic", async () => {
    const answer = await call("order", {
      method: "POST",
      body: JSON.stringify([{ id: "o-1" }]),
    });
    expect(answer.status).toBe(202);
    await host.printed("took o-1: delivery 1");
    await host.printed("o-1 taken");
    await host.printed("o-1 billed");
  });

  it("hands over the messages of a session in batches, in order", async () => {
    const client = openClient();
    await client
      .createSender("events")
      .sendMessages([1, 2, 3, 4].map((body) => ({ body, sessionId: "s" })));
    await host.printed("session s: 4");
    await client.close();
    expect(
      host.lines.flatMap((line) => /session s: .*/.exec(line) ?? []),
    ).toEqual(["session s: 1, 2, 3", "session s: 4"]);
  });

  it("leaves a message where it is that nobody completes", async () => {
    await host.printed("kept: keep me");
    const client = openClient();
    const left = await client.createReceiver("kept").peekMessages(2);
    expect(left.map(({ body }) => String(body))).toEqual(["keep me"]);
    await client.close();
  });
});

describe("SIGTERM", () => {
  it("lets what is under way finish, then ends with code 0", async () => {
    const answer = call("steady");
    await host.printed("steady has begun");
    const ended = host.end("SIGTERM");
    expect(await (await answer).text()).toBe("finished");
    expect(await ended).toBe(0);
    expect(host.lines).toContain("Application is shutting down...");
  });
});

function openClient(): ServiceBusClient {
  return new ServiceBusClient(readRuntime(home).serviceBusConnectionString);
}
