import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, describe, expect, it } from "vitest";
import { lockHome } from "../../../local/host/lock-home.ts";
import { createFixtureApp } from "./support/fixture-app.ts";
import { spawnHost } from "./support/spawn-host.ts";
import {
  cjsApp,
  runCleanups,
  startFixtureHost,
  startHostOf,
} from "./support/start-fixture-host.ts";

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(() => runCleanups(cleanups));

const hello = `app.get("hello", () => ({ body: "hello" }));`;

describe("a start that cannot be", () => {
  const refuse = (
    source: string,
    options: Parameters<typeof startFixtureHost>[2] = {},
  ): Promise<unknown> =>
    startFixtureHost(cjsApp(source), cleanups, options).then(
      () => undefined,
      (error: unknown) => error,
    );

  it("on a home in use is refused, naming the process that has it", async () => {
    const host = await startFixtureHost(cjsApp(hello), cleanups);
    await expect(startHostOf(host.app, cleanups)).rejects.toThrow(
      `in use by process ${process.pid}`,
    );
    const app = createFixtureApp(cjsApp(hello));
    cleanups.push(app.remove);
    const spawned = await spawnHost(app, cleanups);
    await expect(startHostOf(app, cleanups)).rejects.toThrow(
      `in use by process ${spawned.child.pid}`,
    );
    await spawned.end("SIGKILL");
    await startHostOf(app, cleanups);
  });

  it("on a taken port is refused, naming the setting", async () => {
    const server = createServer();
    await new Promise<void>((resolve) =>
      server.listen(0, "127.0.0.1", resolve),
    );
    cleanups.push(() => void server.close());
    const { port } = server.address() as AddressInfo;
    expect(await refuse(hello, { port })).toMatchObject({
      name: "HostStartError",
      message: expect.stringMatching(
        new RegExp(`^Port ${port} is taken.* set PORT `),
      ) as string,
    });
    expect(await refuse(hello, { amqpPort: port })).toMatchObject({
      name: "HostStartError",
      message: expect.stringContaining("set NUCLEUS_AMQP_PORT") as string,
    });
  });

  it.each(["runtime.db", "service-bus.db"])(
    "on a damaged or newer %s is refused in one line",
    async (name) => {
      const damaged = createFixtureApp(cjsApp(hello));
      cleanups.push(damaged.remove);
      mkdirSync(damaged.home);
      writeFileSync(join(damaged.home, name), "this is no database".repeat(99));
      await expect(startHostOf(damaged, cleanups)).rejects.toMatchObject({
        name: "HostStartError",
        message: expect.stringContaining(name) as string,
      });

      const newer = await startFixtureHost(cjsApp(hello), cleanups);
      await newer.stop();
      const database = new DatabaseSync(join(newer.app.home, name));
      database.exec("PRAGMA user_version = 99");
      database.close();
      await expect(startHostOf(newer.app, cleanups)).rejects.toMatchObject({
        name: "HostStartError",
        message: expect.stringContaining("schema version 99") as string,
      });
    },
  );

  it.each([
    ["no function registers", "", "no function was registered"],
    [
      "a binding is unknown",
      `app.storageQueue("f", { queueName: "q", connection: "C", handler: () => {} });`,
      '"queueTrigger"',
    ],
    [
      "a schedule is malformed",
      `app.timer("f", { schedule: "often", handler: () => {} });`,
      "6 fields",
    ],
    [
      "a route is malformed",
      `app.get("f", { route: "a/{x:colour}", handler: () => {} });`,
      '"colour"',
    ],
    [
      "a route is the host's, though behind a prefix",
      `app.get("f", { route: "/admin/x", handler: () => {} });`,
      "belongs to the host",
    ],
    [
      "two functions have one route",
      `app.get("f", { route: "x", handler: () => {} }); app.http("g", { route: "X", handler: () => {} });`,
      "same route",
    ],
    [
      "two names differ in case only",
      `app.get("one", { handler: () => {} }); app.get("One", { route: "two", handler: () => {} });`,
      '"one" and "One"',
    ],
  ])("because %s leaves the home free", async (_, source, named) => {
    const app = createFixtureApp(cjsApp(source));
    cleanups.push(app.remove);
    await expect(startHostOf(app, cleanups)).rejects.toMatchObject({
      name: "HostStartError",
      message: expect.stringContaining(named) as string,
    });
    lockHome(app.home)();
  });

  it("because it is to end while the app loads leaves nothing behind", async () => {
    const app = createFixtureApp({
      files: {
        "app.mjs": `process.stdout.write("loading\\n"); await new Promise(() => setInterval(() => {}, 1000));`,
      },
    });
    cleanups.push(app.remove);
    const ending = new AbortController();
    const started = startHostOf(app, cleanups, {
      signal: ending.signal,
      log: ({ message }) => {
        if (message === "loading") ending.abort();
      },
    });
    await expect(started).rejects.toMatchObject({ name: "HostStartError" });
    lockHome(app.home)();
  });

  it("because of a malformed setting names it", async () => {
    const limit = { FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: "1MB" };
    expect(await refuse(hello, { settings: limit })).toMatchObject({
      message: expect.stringContaining("REQUEST_BODY_SIZE_LIMIT") as string,
    });
    const zone = { WEBSITE_TIME_ZONE: "Middle-earth" };
    expect(await refuse(hello, { settings: zone })).toMatchObject({
      message: expect.stringContaining("WEBSITE_TIME_ZONE") as string,
    });
  });
});
