import { existsSync, statSync } from "node:fs";
import {
  chmod,
  mkdir,
  readFile,
  readdir,
  rename,
  rm,
  writeFile,
} from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { BuildOptions, Metafile } from "esbuild";

const root = resolve(import.meta.dirname, "..");
const dist = join(root, "dist");
const stampFile = join(dist, "build.json");

/**
 * What is built, by folder of `dist/`. Chunks lie beside their entry, so that a path relative to `import.meta.url`
 * (`../extraction/main.js`) means the same in every chunk.
 */
const bundles = {
  app: {
    entry: {
      index: "functions/index.ts",
      doctor: "functions/doctor.ts",
      "rotate-keys": "functions/rotate-keys.ts",
    },
    splitting: true,
  },
  extraction: {
    entry: { main: "shared/extraction/child/main.ts" },
    splitting: true,
  },
  host: { entry: { worker: "local/host/worker.ts" }, splitting: false },
  testing: { entry: { index: "local/testing/index.ts" }, splitting: true },
  cli: { entry: { nucleus: "cli/nucleus.ts" }, splitting: true },
} as const;

/** Bundled CommonJS packages ask for these, and ES modules do not have them. */
const commonJsNames = `import { createRequire as nucleusCreateRequire } from "node:module";
const require = nucleusCreateRequire(import.meta.url);
const __filename = import.meta.filename;
const __dirname = import.meta.dirname;`;

const sharedOptions = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node24",
  // Names stay, for error classes and stack traces; what else a reader needs is in the sources.
  minifyWhitespace: true,
  minifySyntax: true,
  metafile: true,
  write: false,
  logLevel: "warning",
  chunkNames: "[name]-[hash]",
  banner: { js: commonJsNames },
  // The Functions host supplies it to the app's process at run time.
  external: ["@azure/functions-core"],
} as const satisfies BuildOptions;

/** What the last build read, and when it began. */
interface BuildStamp {
  readonly startedAtMs: number;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

await main();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { quiet: { type: "boolean" }, force: { type: "boolean" } },
  });
  const say = values.quiet ? () => {} : console.log;
  if (process.env["npm_config_omit"]?.includes("dev")) {
    say(
      "Without development dependencies there is no build: dist/ stays as it is",
    );
    return;
  }
  if (!values.force && (await isUpToDate())) {
    say("dist/ is up to date");
    return;
  }
  const startedAtMs = Date.now();
  await rm(stampFile, { force: true });
  const built = await Promise.all(
    Object.entries(bundles).map(([name, bundle]) => buildBundle(name, bundle)),
  ).catch(() => undefined);
  if (built === undefined) {
    // esbuild has printed what is wrong, with file and line.
    console.error("The build failed: see above.");
    process.exitCode = 1;
    return;
  }
  const stamp: BuildStamp = {
    startedAtMs,
    inputs: [
      ...new Set(built.flatMap((bundle) => ownSources(bundle.metafile))),
      "package-lock.json",
      relative(root, import.meta.filename),
    ],
    outputs: built.flatMap((bundle) => bundle.outputs),
  };
  await replaceFile(stampFile, Buffer.from(JSON.stringify(stamp)));
  say(`Built dist/ in ${Date.now() - startedAtMs} ms`);
}

async function buildBundle(
  name: string,
  bundle: (typeof bundles)[keyof typeof bundles],
): Promise<{ metafile: Metafile; outputs: string[] }> {
  const folder = join(dist, name);
  const { build } = await import("esbuild");
  const result = await build({
    ...sharedOptions,
    entryPoints: bundle.entry,
    splitting: bundle.splitting,
    outdir: folder,
    // An error of the kit is shown with the line that threw it, which must not be all of the file.
    ...(name === "testing" && { minifyWhitespace: false }),
    external: [
      ...sharedOptions.external,
      // The test kit loads an app into its own process: both must speak of the same packages.
      ...(name === "testing" ? ["@azure/functions", "durable-functions"] : []),
    ],
  });
  await mkdir(folder, { recursive: true });
  for (const file of result.outputFiles)
    await replaceFile(file.path, file.contents);
  const outputs = result.outputFiles.map((file) => file.path);
  for (const name of await readdir(folder)) {
    const isTemporary = name.startsWith(".");
    if (!isTemporary && !outputs.includes(join(folder, name)))
      await rm(join(folder, name), { force: true, recursive: true });
  }
  if (name === "cli") await chmod(join(folder, "nucleus.js"), 0o755);
  return {
    metafile: result.metafile,
    outputs: outputs.map((path) => relative(root, path)),
  };
}

/** Atomic, so that a program which starts during a build finds the old file or the new one. */
async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  if (existsSync(path) && (await readFile(path)).equals(bytes)) return;
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}`);
  await writeFile(temporary, bytes);
  await rename(temporary, path);
}

/** Packages are left out: they change with the lock file only. */
function ownSources(metafile: Metafile): string[] {
  return Object.keys(metafile.inputs).filter(
    (path) => !path.startsWith("node_modules/") && !path.startsWith("("),
  );
}

async function isUpToDate(): Promise<boolean> {
  if (!existsSync(stampFile)) return false;
  const stamp = JSON.parse(await readFile(stampFile, "utf8")) as BuildStamp;
  return (
    stamp.outputs.every((path) => existsSync(join(root, path))) &&
    stamp.inputs.every((path) => {
      const found = statSync(join(root, path), { throwIfNoEntry: false });
      return found !== undefined && found.mtimeMs <= stamp.startedAtMs;
    })
  );
}
