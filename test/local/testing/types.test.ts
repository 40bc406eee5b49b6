import { execFileSync } from "node:child_process";
import {
  mkdtempSync,
  rmSync,
  symlinkSync,
  mkdirSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../../..");
const tsc = join(root, "node_modules/typescript/bin/tsc");

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nucleus-types-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function compile(...args: string[]): string {
  try {
    return execFileSync(process.execPath, [tsc, ...args], { encoding: "utf8" });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

it("an author's strict project compiles against the kit's types, and is told what is wrong", () => {
  const installed = join(folder, "node_modules/nucleus");
  mkdirSync(installed, { recursive: true });
  for (const name of ["@types", "@azure", "durable-functions"])
    symlinkSync(
      join(root, "node_modules", name),
      join(folder, "node_modules", name),
    );
  expect(
    compile(
      "-p",
      join(root, "local/testing"),
      "--outDir",
      join(installed, "dist/types"),
    ),
  ).toBe("");
  const files = {
    "node_modules/nucleus/package.json": JSON.stringify({
      type: "module",
      exports: {
        "./testing": { types: "./dist/types/local/testing/index.d.ts" },
      },
    }),
    "package.json": JSON.stringify({ type: "module" }),
    "tsconfig.json": JSON.stringify({
      compilerOptions: {
        module: "nodenext",
        target: "es2024",
        lib: ["es2024", "esnext.disposable"],
        strict: true,
        noEmit: true,
        skipLibCheck: true,
        types: ["node"],
      },
      files: ["works.ts", "fails.ts"],
    }),
    "works.ts": `import { startTestHost } from "nucleus/testing";
await using host = await startTestHost({ register: () => {} });
const id: string = await host.client.start("request");
await host.advance("1d");
export const at: Date = host.now();
export const output: unknown = (await host.waitFor(id)).output;
`,
    "fails.ts": `import { startTestHost } from "nucleus/testing";
await startTestHost({ registre: () => {} });
`,
  };
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(folder, name), text);
  const errors = compile("-p", folder).trim().split("\n");
  expect(errors).toHaveLength(1);
  expect(errors[0]).toMatch(/^\S*fails\.ts.*registre/);
});
