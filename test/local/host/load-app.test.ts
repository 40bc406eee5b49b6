import { build } from "esbuild";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { FixtureAppOptions } from "./support/fixture-app.ts";
import { cjsApp as cjs, runCleanups } from "./support/start-fixture-host.ts";
import { echo, startWorker } from "./support/start-worker.ts";

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(() => runCleanups(cleanups));

const start = (
  options: FixtureAppOptions,
  prepare?: (scriptRoot: string) => Promise<void>,
): ReturnType<typeof startWorker> => startWorker(options, cleanups, prepare);

describe("loading the app", () => {
  it("runs a CommonJS app", async () => {
    const { call, functions } = await start(cjs(echo));
    expect(functions.map(({ name }) => name)).toEqual(["echo"]);
    expect(await call("echo", 7)).toEqual({
      kind: "completed",
      returnValue: { json: '{"got":7}' },
    });
  });

  it("runs an ESM app, by its extension and by package.json's type", async () => {
    const source = `import * as df from "durable-functions";
${echo}`;
    for (const [main, type] of [
      ["app.mjs", "commonjs"],
      ["app.js", "module"],
    ] as const) {
      const { call } = await start({
        packageJson: { main, type },
        files: { [main]: source },
      });
      expect(await call("echo", 7)).toMatchObject({ kind: "completed" });
    }
  });

  it("runs an ESM bundle that has the library inside and the core module outside", async () => {
    const { call } = await start(
      {
        packageJson: { main: "dist/*.js", type: "module" },
        files: {
          "src/app.js": `import * as df from "durable-functions"; ${echo}`,
        },
      },
      async (scriptRoot) => {
        await build({
          entryPoints: [join(scriptRoot, "src/app.js")],
          outdir: join(scriptRoot, "dist"),
          bundle: true,
          platform: "node",
          format: "esm",
          splitting: true,
          external: ["@azure/functions-core"],
          banner: {
            js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
          },
          absWorkingDir: scriptRoot,
          logLevel: "silent",
        });
      },
    );
    expect(await call("echo", 7)).toMatchObject({ kind: "completed" });
  });

  it("loads every file that main's glob names", async () => {
    const file = (name: string): string =>
      `require("durable-functions").app.activity("${name}", { handler: () => "${name}" });`;
    const { functions } = await start({
      packageJson: { main: "./functions/{a,b,shared}*" },
      files: {
        "functions/shared.cjs/lib.cjs":
          "throw new Error('a folder is no file')",
        "functions/a.cjs": file("a"),
        "functions/b.cjs": file("b"),
        "functions/c.cjs": file("c"),
      },
    });
    expect(functions.map(({ name }) => name)).toEqual(["a", "b"]);
  });

  it.each([
    [
      "an exception at the entry",
      cjs(`throw new Error("SETTING_X is missing\\nstack");`),
      "The app did not start: SETTING_X is missing",
    ],
    ["no function", cjs(""), "no function was registered"],
    ["no such file", { files: {} }, "matches no file"],
    ["no main", { packageJson: {}, files: {} }, 'no "main"'],
    [
      "functions of model v3",
      { packageJson: {}, files: { "hello/function.json": "{}" } },
      "hello/function.json is of programming model v3",
    ],
    ["an exit", cjs("process.exit(3)"), "ended (3) while loading"],
    ["a function twice", cjs(echo + echo), '"echo" is registered twice'],
  ] as const)("refuses %s in one line", async (_, options, message) => {
    const refused = start(options);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toMatchObject({ name: "HostStartError" });
    await expect(refused).rejects.not.toThrow("\n");
  });
});
