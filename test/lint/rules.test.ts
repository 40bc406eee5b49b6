import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");

/** One file per rule of HOUSE-STYLE: path, source, and the rule that must report it. */
const violations: readonly (readonly [string, string, string])[] = [
  // Determinism of orchestrators and entities
  [
    "orchestrators/node-import.ts",
    'import { readFileSync } from "node:fs";\nexport const read = readFileSync;',
    "no-restricted-imports",
  ],
  [
    "orchestrators/azure-import.ts",
    'import { app } from "@azure/functions";\nexport const registered = app;',
    "no-restricted-imports",
  ],
  [
    "orchestrators/dynamic-import.ts",
    'export const load = () => import("node:crypto");',
    "no-restricted-imports",
  ],
  [
    "orchestrators/activity-value.ts",
    'import { work } from "../activities/clean.ts";\nexport const call = work;',
    "no-restricted-imports",
  ],
  [
    "orchestrators/fetches.ts",
    'export const ask = () => fetch("https://example.test");',
    "no-restricted-globals",
  ],
  [
    "orchestrators/fetches-by-global-this.ts",
    'export const ask = () => globalThis.fetch("https://example.test");',
    "no-restricted-globals",
  ],
  [
    "orchestrators/reads-process.ts",
    "export const pid = () => process.pid;",
    "no-restricted-globals",
  ],
  [
    "orchestrators/sleeps.ts",
    "export const later = (f: () => void) => setTimeout(f, 10);",
    "no-restricted-globals",
  ],
  [
    "orchestrators/repeats.ts",
    "export const often = (f: () => void) => setInterval(f, 10);",
    "no-restricted-globals",
  ],
  [
    "orchestrators/makes-ids.ts",
    "export const id = () => crypto.randomUUID();",
    "no-restricted-globals",
  ],
  [
    "orchestrators/reads-clock.ts",
    "export const now = () => Date.now();",
    "no-restricted-properties",
  ],
  [
    "orchestrators/makes-date.ts",
    "export const now = () => new Date();",
    "no-current-date",
  ],
  [
    "orchestrators/throws-dice.ts",
    "export const dice = () => Math.random();",
    "no-restricted-properties",
  ],
  [
    "entities/reads-clock.ts",
    "export const now = () => Date.now();",
    "no-restricted-properties",
  ],
  [
    "shared/durable/makes-date.ts",
    "export const now = () => new Date();",
    "no-current-date",
  ],
  // Direction of imports
  [
    "shared/jobs/knows-trigger.ts",
    'import { run } from "../../functions/http/clean.ts";\nexport const call = run;',
    "no-restricted-imports",
  ],
  [
    "shared/jobs/knows-orchestrator.ts",
    'import { flow } from "../../orchestrators/clean.ts";\nexport const call = flow;',
    "no-restricted-imports",
  ],
  [
    "shared/jobs/knows-activity.ts",
    'import { work } from "../../activities/clean.ts";\nexport const call = work;',
    "no-restricted-imports",
  ],
  [
    "shared/jobs/adapters/knows-runtime.ts",
    'import { host } from "../../../local/clean.ts";\nexport const call = host;',
    "no-restricted-imports",
  ],
  [
    "shared/jobs/knows-adapter.ts",
    'import { store } from "./adapters/clean.ts";\nexport const call = store;',
    "no-restricted-imports",
  ],
  [
    "activities/knows-runtime.ts",
    'import { host } from "../local/clean.ts";\nexport const call = host;',
    "no-restricted-imports",
  ],
  [
    "functions/http/knows-runtime.ts",
    'import { host } from "../../local/clean.ts";\nexport const call = host;',
    "no-restricted-imports",
  ],
  [
    "functions/http/knows-adapter.ts",
    'import { store } from "../../shared/jobs/adapters/clean.ts";\nexport const call = store;',
    "no-restricted-imports",
  ],
  [
    "functions/http/knows-command.ts",
    'import { command } from "../../cli/clean.ts";\nexport const call = command;',
    "no-restricted-imports",
  ],
  [
    "local/knows-trigger.ts",
    'import { run } from "../functions/http/clean.ts";\nexport const call = run;',
    "no-restricted-imports",
  ],
  // Settings
  [
    "shared/jobs/reads-environment.ts",
    'export const level = () => process.env["LOG_LEVEL"];',
    "no-process-env",
  ],
  [
    "functions/http/imports-environment.ts",
    'import { env } from "node:process";\nexport const level = () => env["LOG_LEVEL"];',
    "no-restricted-imports",
  ],
  // Language
  [
    "shared/jobs/floats.ts",
    "export const work = async (): Promise<void> => {};\nexport const start = (): void => {\n  work();\n};",
    "no-floating-promises",
  ],
  [
    "shared/jobs/misuses.ts",
    "export const each = (items: number[]): void => {\n  items.forEach(async (item) => {\n    await Promise.resolve(item);\n  });\n};",
    "no-misused-promises",
  ],
  [
    "shared/jobs/not-exhaustive.ts",
    'export const size = (kind: "a" | "b"): number => {\n  switch (kind) {\n    case "a":\n      return 1;\n  }\n  return 0;\n};',
    "switch-exhaustiveness-check",
  ],
  [
    "shared/jobs/any.ts",
    "export const weak = (value: any): string => `${value}`;",
    "no-explicit-any",
  ],
  ["shared/jobs/default.ts", "export default 1;", "no-default-export"],
  [
    "shared/jobs/cycle-a.ts",
    'import { b } from "./cycle-b.ts";\nexport const a = (): number => b();',
    "no-cycle",
  ],
  [
    "shared/jobs/cycle-b.ts",
    'import { a } from "./cycle-a.ts";\nexport const b = (): number => a();',
    "no-cycle",
  ],
  [
    "shared/jobs/long-function.ts",
    `export const long = (): number => {\n  let n = 0;\n${"  n += 1;\n".repeat(110)}  return n;\n};`,
    "max-lines-per-function",
  ],
  [
    "shared/jobs/long-file.ts",
    Array.from({ length: 310 }, (_, i) => `export const n${i} = ${i};`).join(
      "\n",
    ),
    "max-lines",
  ],
];

/** What is allowed, next to what is not: none of these may be reported. */
const clean: Readonly<Record<string, string>> = {
  "orchestrators/clean.ts":
    'import type { work } from "../activities/clean.ts";\nimport { store } from "../shared/jobs/clean.ts";\nexport function* flow(at: number): Generator<Date, typeof work | number> {\n  yield new Date(at + 1000);\n  return store;\n}',
  "activities/clean.ts":
    'import { createHash } from "node:crypto";\nexport const work = (): string => createHash("sha256").digest("hex");',
  "shared/jobs/clean.ts": "export const store = 1;",
  "shared/jobs/adapters/clean.ts":
    'import { store as port } from "../clean.ts";\nexport const store = port + 1;',
  "shared/kernel/config.ts":
    'export const level = (): string | undefined => process.env["LOG_LEVEL"];',
  "functions/index.ts":
    'import { store } from "../shared/jobs/adapters/clean.ts";\nimport { flow } from "../orchestrators/clean.ts";\nexport const app = { store, flow };',
  "functions/http/clean.ts":
    'import { store } from "../../shared/jobs/clean.ts";\nexport const run = (): number => store;',
  "local/clean.ts":
    'import { store } from "../shared/jobs/adapters/clean.ts";\nexport const host = store;',
  "cli/clean.ts":
    'import { host } from "../local/clean.ts";\nexport const command = (): string => `${host}${process.env["PORT"]}`;',
  "test/clean.test.ts":
    'import { host } from "../local/clean.ts";\nimport { store } from "../shared/jobs/adapters/clean.ts";\nexport const both = [host, store];',
};

interface Finding {
  readonly code: string;
  readonly filename: string;
}

let folder = "";
let findings: readonly Finding[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nucleus-lint-"));
  await cp(join(root, ".oxlintrc.json"), join(folder, ".oxlintrc.json"));
  await cp(join(root, "tsconfig.json"), join(folder, "tsconfig.json"));
  await cp(join(root, "package.json"), join(folder, "package.json"));
  await cp(join(root, "scripts/lint"), join(folder, "scripts/lint"), {
    recursive: true,
  });
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  const files = [
    ...Object.entries(clean),
    ...violations.map(([path, source]) => [path, source] as const),
  ];
  for (const [path, source] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), `${source}\n`);
  }
  findings = await lint(folder);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test.each(violations)("%s is reported", (path, _source, rule) => {
  const rules = findings
    .filter((finding) => finding.filename === path)
    .map((finding) => finding.code);
  expect(rules).toContainEqual(expect.stringContaining(`(${rule})`));
});

test("what the rules allow is not reported", () => {
  const allowed = Object.keys(clean);
  expect(
    findings.filter((finding) => allowed.includes(finding.filename)),
  ).toEqual([]);
});

function lint(cwd: string): Promise<readonly Finding[]> {
  return new Promise((done, fail) => {
    execFile(
      process.execPath,
      [
        join(root, "node_modules/oxlint/bin/oxlint"),
        "--type-aware",
        "--format",
        "json",
      ],
      { cwd, maxBuffer: 64 * 1024 * 1024 },
      (_error, stdout, stderr) => {
        try {
          const report = JSON.parse(stdout) as { diagnostics: Finding[] };
          done(report.diagnostics);
        } catch {
          fail(new Error(`oxlint answered no report: ${stdout}${stderr}`));
        }
      },
    );
  });
}
