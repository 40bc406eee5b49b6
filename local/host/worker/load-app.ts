import { globSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { CoreRuntime, ProgrammingModel } from "./core-api.ts";
import { onLoopback } from "./on-loopback.ts";

const defaultCapabilities = {
  RawHttpBodyBytes: "true",
  RpcHttpTriggerMetadataRemoved: "true",
  RpcHttpBodyOnly: "true",
  IgnoreEmptyValuedRpcHttpHeaders: "true",
  UseNullableValueDictionaryForHttp: "true",
  WorkerStatus: "true",
  TypedDataCollection: "true",
  HandlesWorkerTerminateMessage: "true",
};

export interface StartedApp {
  readonly model: ProgrammingModel;
  /** Where the library waits for streamed requests, once the app enabled them. */
  readonly httpPort?: number;
}

/**
 * Loads the app as Azure's Node worker does: every file that package.json's `main` (a glob) names, as ESM or CommonJS,
 * then the `appStart` hooks, the library's capabilities, and the registration lock.
 *
 * @throws Error with one line for the operator when the app cannot be used.
 */
export async function loadApp(
  scriptRoot: string,
  core: CoreRuntime,
): Promise<StartedApp> {
  const { main, isModule } = readPackage(scriptRoot);
  const files = globSync(main, { cwd: scriptRoot })
    .filter((file) => statSync(join(scriptRoot, file)).isFile())
    .toSorted();
  if (files.length === 0)
    throw new Error(
      `package.json "main" (${main}) matches no file. Build the app first.`,
    );
  for (const file of files) await loadFile(join(scriptRoot, file), isModule);

  if (core.programmingModel() === undefined || core.functions.size === 0)
    throw new Error(
      `no function was registered by ${main}. Is "@azure/functions-core" kept external by the bundler?`,
    );
  return startApp(scriptRoot, core);
}

/** What follows when an app has registered its functions: the `appStart` hooks, capabilities, the registration lock. */
export async function startApp(
  scriptRoot: string,
  core: CoreRuntime,
): Promise<StartedApp> {
  const model = core.programmingModel();
  if (model === undefined) throw new Error("no function was registered.");
  await core.hooks.run("appStart", {
    hookData: core.hooks.appLevelData,
    appHookData: core.hooks.appData,
    functionAppDirectory: scriptRoot,
  });
  const { HttpUri: httpUri } = await onLoopback(() =>
    model.getCapabilities({ ...defaultCapabilities }),
  );
  core.lockRegistration();
  return {
    model,
    ...(httpUri !== undefined && { httpPort: Number(new URL(httpUri).port) }),
  };
}

async function loadFile(file: string, isModule: boolean): Promise<void> {
  if (file.endsWith(".mjs") || (isModule && !file.endsWith(".cjs")))
    await import(pathToFileURL(file).href);
  else createRequire(file)(file);
}

function readPackage(scriptRoot: string): { main: string; isModule: boolean } {
  const file = resolve(scriptRoot, "package.json");
  let value: { main?: unknown; type?: unknown };
  try {
    value = JSON.parse(readFileSync(file, "utf8")) as typeof value;
  } catch (error) {
    throw new Error(
      `package.json cannot be read (${error instanceof Error ? error.message : "unknown error"}).`,
      { cause: error },
    );
  }
  if (typeof value.main !== "string" || value.main === "")
    throw new Error(
      `package.json has no "main" that names the app's files. ${describeModel(scriptRoot)}`,
    );
  return { main: value.main, isModule: value.type === "module" };
}

/** An app of the older programming model, which has a folder with a function.json for each function, is told so. */
function describeModel(scriptRoot: string): string {
  const [file] = globSync("*/function.json", { cwd: scriptRoot });
  return file === undefined
    ? 'Set it, such as "src/functions/*.js".'
    : `${file} is of programming model v3: this host runs model v4, where functions are registered in code.`;
}
