import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { build, type Metafile } from "esbuild";
import { beforeAll, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");

/** The packages that were asked for and that run in production; the ninth, vitest, runs these tests. */
const prescribed = [
  "@azure/functions",
  "durable-functions",
  "@azure/service-bus",
  "@azure/cosmos",
  "@azure/identity",
  "@azure/keyvault-secrets",
  "applicationinsights",
  "zod",
];

let metafile: Metafile;

beforeAll(async () => {
  const result = await build({
    absWorkingDir: root,
    entryPoints: ["functions/index.ts"],
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    outdir: "unwritten",
    write: false,
    metafile: true,
    logLevel: "silent",
    external: ["@azure/functions-core"],
  });
  metafile = result.metafile;
});

/** How many bytes of a package are left in the app's bundle when what nobody calls is gone. */
function bytesOf(name: string): number {
  return Object.values(metafile.outputs)
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([path]) => path.startsWith(`node_modules/${name}/`))
    .reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0);
}

test.each(prescribed)("%s runs in production code", (name) => {
  expect(bytesOf(name)).toBeGreaterThan(1000);
});

test.each([...prescribed, "vitest"])("%s is pinned exactly", (name) => {
  const { dependencies, devDependencies } = JSON.parse(
    readFileSync(resolve(root, "package.json"), "utf8"),
  ) as Record<
    "dependencies" | "devDependencies",
    Record<string, string | undefined>
  >;
  const version =
    name === "vitest" ? devDependencies[name] : dependencies[name];
  expect(version).toMatch(/^\d+\.\d+\.\d+$/);
});
