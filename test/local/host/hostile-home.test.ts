import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createFixtureApp } from "./support/fixture-app.ts";
import {
  cjsApp,
  runCleanups,
  startHostOf,
} from "./support/start-fixture-host.ts";

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(() => runCleanups(cleanups));

/** What the start on a home says in which something stands that does not belong there. */
async function startWith(put: (home: string) => void): Promise<unknown> {
  const app = createFixtureApp(
    cjsApp(`app.get("hello", () => ({ body: "hello" }));`),
  );
  cleanups.push(app.remove);
  mkdirSync(app.home, { recursive: true });
  put(app.home);
  return startHostOf(app, cleanups).then(
    () => "started",
    (error: unknown) => error,
  );
}

describe("a start on a home", () => {
  it.each([
    ["host.pid", "cannot be locked"],
    ["host.lock", "cannot be locked"],
    ["system-key", "cannot be read or written (EISDIR)"],
    ["secrets/host.json", "secrets/host.json is damaged"],
    ["runtime.json", "cannot be read or written (EISDIR)"],
    ["runtime.db", "is not a file"],
  ])(
    "with a folder in the place of %s is refused in one line",
    async (name, says) => {
      const error = await startWith((home) =>
        mkdirSync(join(home, name), { recursive: true }),
      );
      expect(error).toMatchObject({ name: "HostStartError" });
      const { message } = error as Error;
      expect(message).toContain(says);
      expect(message).not.toContain("\n");
    },
  );

  it("with a file in the place of secrets is refused in one line", async () => {
    const error = await startWith((home) =>
      writeFileSync(join(home, "secrets"), ""),
    );
    expect(error).toMatchObject({
      name: "HostStartError",
      message: expect.stringContaining("secrets") as string,
    });
  });

  it.each(['{"workerPids":"1"}', '{"workerPids":[1,-1,1e99,"7"]}'])(
    "whose last host left nonsense about itself is no obstacle: %s",
    async (text) => {
      const started = await startWith((home) =>
        writeFileSync(join(home, "runtime.json"), text),
      );
      expect(started).toBe("started");
    },
  );
});
