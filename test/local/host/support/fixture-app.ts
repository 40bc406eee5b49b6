import {
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const nodeModules = fileURLToPath(
  new URL("../../../../node_modules", import.meta.url),
);

export interface FixtureAppOptions {
  /** File name → source. `app.cjs` is the default entry. */
  readonly files: Readonly<Record<string, string>>;
  readonly packageJson?: object;
  readonly hostJson?: object | string | undefined;
}

export interface FixtureApp {
  readonly scriptRoot: string;
  /** A folder for the host's state, inside the same temporary folder; not made yet. */
  readonly home: string;
  remove(): void;
}

/** Writes a function app into a temporary folder; it resolves the repository's own packages. */
export function createFixtureApp(options: FixtureAppOptions): FixtureApp {
  const folder = mkdtempSync(join(tmpdir(), "nucleus-host-"));
  const scriptRoot = join(folder, "app");
  mkdirSync(scriptRoot);
  symlinkSync(nodeModules, join(scriptRoot, "node_modules"));
  const hostJson = options.hostJson ?? { version: "2.0" };
  const files: Record<string, string> = {
    "package.json": JSON.stringify(
      options.packageJson ?? { name: "fixture", main: "app.cjs" },
    ),
    "host.json":
      typeof hostJson === "string" ? hostJson : JSON.stringify(hostJson),
    ...options.files,
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(scriptRoot, name)), { recursive: true });
    writeFileSync(join(scriptRoot, name), text);
  }
  return {
    scriptRoot,
    home: join(folder, "home"),
    remove: () =>
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}
