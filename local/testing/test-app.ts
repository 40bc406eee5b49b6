import { resolve } from "node:path";
import { createCore, supplyCore } from "../host/worker/core-api.ts";
import type { Core, CoreApi, CoreRuntime } from "../host/worker/core-api.ts";
import type { ProgrammingModel } from "../host/worker/core-api.ts";
import { invokeFunction } from "../host/worker/invoke-function.ts";
import { loadApp, startApp } from "../host/worker/load-app.ts";
import type { StartedApp } from "../host/worker/load-app.ts";
import { createOrchestratorSessions } from "../host/worker/orchestrator-sessions.ts";
import type {
  FunctionMetadata,
  InvocationRequest,
  InvocationResult,
} from "../host/worker-messages.ts";

/** A function app that is loaded in this process. Its modules' globals are there once, whatever hosts run it. */
export interface TestApp {
  /** What it registered, as a worker process would tell its host. */
  readonly functions: readonly FunctionMetadata[];
  /** The registration itself; for what else wants to look into it. */
  readonly core: CoreRuntime;
  /** Runs the `appStart` hooks and closes the registration, once; every later call answers the same. */
  start(): Promise<StartedApp>;
  /**
   * Runs one function once. What goes in and comes out is copied, as it is on the way to another process. With `now`, in
   * milliseconds since the epoch, the turn that waits for an activity runs behind it.
   */
  invoke(
    request: InvocationRequest,
    now?: () => number,
  ): Promise<InvocationResult>;
}

/**
 * The libraries keep the first `@azure/functions-core` that they are given, so this process has one, and behind it is
 * the app that is being loaded.
 */
let supplied = false;
let model: ProgrammingModel | undefined;
let loading: Core | undefined;
const outside = createCore(() => undefined);
const folderApps = new Map<string, Promise<TestApp>>();

/** Lets `@azure/functions` and `durable-functions` find a host in this process. Before anything registers a function. */
export function supplySharedCore(): void {
  if (supplied) return;
  supplied = true;
  const own: Record<string, unknown> = {
    setProgrammingModel: (value: ProgrammingModel) => {
      model = value;
      loading?.api.setProgrammingModel(value);
    },
  };
  supplyCore(
    new Proxy({} as CoreApi, {
      get: (_, name: string) => own[name] ?? (loading ?? outside).api[name],
    }),
  );
}

/**
 * Defines an app by what `register` registers (`app.http(…)`, `df.app.orchestration(…)`).
 *
 * @throws Error when it registers nothing.
 */
export function defineTestApp(register: () => void): TestApp {
  const core = beginLoading();
  try {
    register();
  } finally {
    loading = undefined;
  }
  return toTestApp(core, startOnce(core));
}

/** As `defineTestApp`; also for what registers while it is imported: `() => import("../src/functions.ts")`. */
export async function importTestApp(register: () => unknown): Promise<TestApp> {
  const core = beginLoading();
  try {
    await register();
  } finally {
    loading = undefined;
  }
  return toTestApp(core, startOnce(core));
}

/**
 * Loads the app of a folder as a worker does: the files of package.json's `main`. Modules are loaded once in a process,
 * so every call for a folder answers the same app.
 */
export function loadTestApp(folder: string): Promise<TestApp> {
  const scriptRoot = resolve(folder);
  const known = folderApps.get(scriptRoot);
  if (known !== undefined) return known;
  const load = async (): Promise<TestApp> => {
    const core = beginLoading();
    try {
      const started = await loadApp(scriptRoot, core.runtime);
      return toTestApp(core, () => Promise.resolve(started));
    } finally {
      loading = undefined;
    }
  };
  const app = load();
  folderApps.set(scriptRoot, app);
  return app;
}

function beginLoading(): Core {
  if (loading !== undefined)
    throw new Error("Another app is being loaded: load one after the other.");
  supplySharedCore();
  loading = createCore(() => undefined);
  if (model !== undefined) loading.api.setProgrammingModel(model);
  return loading;
}

function startOnce({ runtime }: Core): () => Promise<StartedApp> {
  let started: Promise<StartedApp> | undefined;
  return () => (started ??= startApp(process.cwd(), runtime));
}

function toTestApp(
  { runtime }: Core,
  start: () => Promise<StartedApp>,
): TestApp {
  if (runtime.functions.size === 0)
    throw new Error(
      "No function was registered. A module registers its functions once in a process: share the app that was loaded first. And the test kit is imported before the app: the libraries look for their host with the first function.",
    );
  // As JSON, for bindings may hold functions or class instances, which stay in the worker.
  const functions = JSON.parse(
    JSON.stringify(
      [...runtime.functions.values()].map(({ metadata }) => metadata),
    ),
  ) as FunctionMetadata[];
  const sessions = createOrchestratorSessions();
  return {
    functions,
    core: runtime,
    start,
    async invoke(request, now) {
      const { model } = await start();
      const deps = {
        core: runtime,
        model,
        sessions,
        log: () => undefined,
        ...(now !== undefined && { now }),
      };
      return structuredClone(
        await invokeFunction(deps, structuredClone(request)),
      );
    },
  };
}
