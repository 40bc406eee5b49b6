import { readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { waitForStatus } from "../../local/host/support/wait-for.ts";
import { startCommand } from "./support/start-command.ts";
import type { HostCommand } from "./support/start-command.ts";

const apps = resolve(import.meta.dirname, "apps");
const nodeModules = resolve(import.meta.dirname, "../../../node_modules");

const cleanups: (() => Promise<void> | void)[] = [];
let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "nucleus-app-"));
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

const start = (scriptRoot: string, ...args: string[]): Promise<HostCommand> =>
  startCommand({ scriptRoot, home: join(folder, "home"), args }, cleanups);

/** The `.mjs` app as most are: `.js` files under `"type": "module"`. */
async function copyAsModule(): Promise<string> {
  const scriptRoot = join(folder, "app");
  await cp(join(apps, "mjs"), scriptRoot, { recursive: true });
  await cp(join(apps, "mjs/src/app.mjs"), join(scriptRoot, "dist/app.js"));
  await writeFile(
    join(scriptRoot, "package.json"),
    JSON.stringify({ name: "greeter", type: "module", main: "dist/*.js" }),
  );
  await symlink(nodeModules, join(scriptRoot, "node_modules"));
  return scriptRoot;
}

describe.each([
  ["CommonJS", () => Promise.resolve(join(apps, "cjs"))],
  [".mjs", () => Promise.resolve(join(apps, "mjs"))],
  ["type: module", copyAsModule],
])("nucleus host start on an app of %s", (_, prepare) => {
  it("prints the functions, serves them and ends cleanly", async () => {
    const host = await start(await prepare());
    const { origin } = host;
    const table = host.lines.slice(host.lines.indexOf("Functions:"));
    expect(table.filter((line) => line !== "")).toEqual([
      "Functions:",
      `\tgreetings: [POST] ${origin}/v1/greetings`,
      `\tguarded: [GET,POST] ${origin}/v1/guarded`,
      `\thello: [GET,POST] ${origin}/v1/hello/{name:alpha}`,
      `\thooked: [GET,POST] ${origin}/v1/hooked`,
      `\tgreet: activityTrigger`,
      `\tgreetAll: orchestrationTrigger`,
      `\tyearly: timerTrigger`,
      "Function retired is disabled.",
      `Keys of function and admin routes: ${join(folder, "home/secrets/host.json")}`,
      "For detailed output, run with the --verbose flag.",
      expect.stringMatching(/^\[.+Z\] Host lock lease acquired/) as string,
    ]);

    const hello = await fetch(`${origin}/v1/hello/ada`, {
      method: "POST",
      body: "hi",
    });
    expect(await hello.json()).toEqual({ hello: "ada", said: "hi" });
    expect(hello.headers.get("x-served-by")).toMatch(/^[cm]js$/);
    expect((await fetch(`${origin}/v1/hello/42`)).status).toBe(404);
    expect((await fetch(`${origin}/v1/retired`)).status).toBe(404);
    const hooked = await fetch(`${origin}/v1/hooked`);
    expect(await hooked.json()).toEqual({ by: "hook", startedIn: "app" });
    expect(await host.printed("Executed 'Functions.hello'")).toMatch(
      /\(Succeeded, Id=[\da-f-]{36}, Duration=\d+ms\)$/,
    );

    await useKeys(host);
    await greetAll(origin);
    expect(await host.end("SIGINT")).toBe(0);
    expect(host.lines).toContain("Application is shutting down...");
    await host.printed("ended what started in the app");
  });
});

/** The keys lie where the command says, and open what they should. */
async function useKeys({ origin, printed }: HostCommand): Promise<void> {
  const { masterKey, functionKeys } = JSON.parse(
    readFileSync(join(folder, "home/secrets/host.json"), "utf8"),
  ) as {
    masterKey: { value: string };
    functionKeys: [{ name: string; value: string }];
  };
  const guarded = `${origin}/v1/guarded`;
  expect((await fetch(guarded)).status).toBe(401);
  const [{ name, value }] = functionKeys;
  expect(name).toBe("default");
  expect(await (await fetch(`${guarded}?code=${value}`)).text()).toBe("in");
  const headers = { "x-functions-key": masterKey.value };
  const called = await fetch(`${origin}/admin/functions/yearly`, {
    method: "POST",
    headers,
    body: "{}",
  });
  expect(called.status).toBe(202);
  await printed("the year turns, past due: false");
}

async function greetAll(origin: string): Promise<void> {
  const started = await fetch(`${origin}/v1/greetings`, {
    method: "POST",
    body: JSON.stringify(["Ada", "Grace"]),
  });
  expect(started.status).toBe(202);
  const { statusQueryGetUri } = (await started.json()) as {
    statusQueryGetUri: string;
  };
  expect(new URL(statusQueryGetUri).searchParams.get("taskHub")).toBe(
    "Greetings",
  );
  const { output } = await waitForStatus(statusQueryGetUri, "Completed");
  expect(output).toEqual(["Hello Ada", "Hello Grace"]);
}

describe("nucleus host start --functions", () => {
  it("runs these only, whatever else the app has, and says which it does not have", async () => {
    const host = await start(
      join(apps, "everything"),
      "--functions",
      "KEYED",
      "literal",
      "nobody",
    );
    const functions = host.lines.filter((line) => line.startsWith("\t"));
    expect(functions).toEqual([
      `\tkeyed: [GET,POST] ${host.origin}/v2/keyed`,
      `\tliteral: [GET,POST] ${host.origin}/v2/items/7`,
    ]);
    expect(await host.printed("function-unknown")).toContain("nobody");
    expect((await fetch(`${host.origin}/v2/items/8`)).status).toBe(404);
  });
});

describe("nucleus host start whose log nobody reads any longer", () => {
  it("serves on, and ends cleanly", async () => {
    const host = await start(
      join(apps, "everything"),
      "--functions",
      "literal",
    );
    host.stopReading();
    const ask = async (): Promise<number> =>
      (await fetch(`${host.origin}/v2/items/7`)).status;
    expect([await ask(), await ask(), await ask()]).toEqual([200, 200, 200]);
    expect(await host.end("SIGTERM")).toBe(0);
  });
});

describe("nucleus host start of an app that waits for sessions", () => {
  it("ends when it is told to, and not when the client's waits are over", async () => {
    const app = join(folder, "app");
    const files = {
      "host.json": { version: "2.0" },
      "package.json": { main: "app.cjs" },
      "service-bus.json": {
        UserConfig: {
          Namespaces: [
            {
              Name: "local",
              Queues: [{ Name: "jobs", Properties: { RequiresSession: true } }],
            },
          ],
        },
      },
    };
    await mkdir(app);
    for (const [name, content] of Object.entries(files))
      await writeFile(join(app, name), JSON.stringify(content));
    await writeFile(
      join(app, "app.cjs"),
      `const { app } = require("@azure/functions");
app.http("here", { handler: () => ({ body: "here" }) });
app.serviceBusQueue("jobs", { connection: "BUS", queueName: "jobs", isSessionsEnabled: true, handler: () => {} });`,
    );
    await symlink(nodeModules, join(app, "node_modules"));
    const host = await start(
      app,
      "--service-bus-config",
      join(app, "service-bus.json"),
    );
    expect(await host.end("SIGTERM")).toBe(0);
  }, 20_000);
});

describe("nucleus host start that cannot be", () => {
  it("is one line that says what to change", async () => {
    await expect(start(folder)).rejects.toThrow(
      `nucleus: ${join(folder, "host.json")} is missing.`,
    );
    await expect(
      start(join(apps, "cjs"), "--service-bus-config", "no.json"),
    ).rejects.toThrow("no.json is missing.");
  });
});
