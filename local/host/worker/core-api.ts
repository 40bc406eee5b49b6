import type { LogLevel } from "../host-log.ts";
import type {
  BindingMetadata,
  FunctionMetadata,
  InvocationRequest,
  RetryOptions,
} from "../worker-messages.ts";
import type { ParameterData, TypedData } from "../typed-data.ts";
import { createHooks } from "./hooks.ts";
import type { Hooks } from "./hooks.ts";
import { supplyModule } from "./supply-module.ts";

export type FunctionCallback = (...args: unknown[]) => unknown;

/** What the library builds per invocation; the worker drives it. */
export interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(
    context: unknown,
    inputs: unknown[],
    callback: FunctionCallback,
  ): Promise<unknown>;
  getResponse(
    context: unknown,
    result: unknown,
  ): Promise<{
    returnValue?: TypedData | null;
    outputData?: readonly ParameterData[];
  }>;
}

/** `state` tells the library where in the invocation a log call happens. */
export interface CoreInvocationContext {
  readonly invocationId: string;
  readonly request: InvocationRequest;
  readonly metadata: FunctionMetadata;
  state:
    "preInvocationHooks" | "invocation" | "postInvocationHooks" | undefined;
  log(level: LogLevel, category: string, message: string): void;
}

export interface ProgrammingModel {
  readonly name: string;
  readonly version: string;
  getInvocationModel(context: CoreInvocationContext): InvocationModel;
  getCapabilities(
    capabilities: Record<string, string>,
  ): Promise<Record<string, string>>;
}

export interface RegisteredFunction {
  readonly metadata: FunctionMetadata;
  readonly callback: FunctionCallback;
}

export interface CoreRuntime {
  readonly functions: ReadonlyMap<string, RegisteredFunction>;
  readonly hooks: Hooks;
  programmingModel(): ProgrammingModel | undefined;
  /** From here on, registering a function throws. */
  lockRegistration(): void;
}

const functionsCore = "@azure/functions-core";

/** Where an app registers, from both sides: what its libraries call, and what the worker reads. */
export interface Core {
  readonly api: CoreApi;
  readonly runtime: CoreRuntime;
}

/** The module `@azure/functions-core`, as the libraries use it. */
export interface CoreApi {
  readonly setProgrammingModel: (model: ProgrammingModel) => void;
  readonly [name: string]: unknown;
}

type LogCore = (level: LogLevel, category: string, message: string) => void;

/**
 * Supplies `@azure/functions-core` of one app. Must run before the app is loaded.
 */
export function supplyCoreApi(log: LogCore): CoreRuntime {
  const { api, runtime } = createCore(log);
  supplyCore(api);
  return runtime;
}

/** `@azure/functions-core` exists nowhere on disk: `require` of it answers `api`, as Azure's Node worker does. */
export function supplyCore(api: CoreApi): void {
  supplyModule(functionsCore, () => api);
}

/** Creates the core of one app, with nothing registered. */
export function createCore(log: LogCore): Core {
  const functions = new Map<string, RegisteredFunction>();
  const hooks = createHooks();
  let model: ProgrammingModel | undefined;
  let isLocked = false;

  const registerFunction = (
    metadata: {
      name: string;
      bindings: Record<string, BindingMetadata>;
      retryOptions?: RetryOptions;
    },
    callback: FunctionCallback,
  ): Disposable => {
    if (isLocked)
      throw systemError(
        "A function can only be registered during app startup.",
      );
    if (functions.has(metadata.name))
      throw systemError(
        `A function named "${metadata.name}" is registered twice.`,
      );
    functions.set(metadata.name, { metadata, callback });
    return new Disposable(() => {
      if (isLocked)
        throw systemError(
          "A function can only be disposed during app startup.",
        );
      functions.delete(metadata.name);
    });
  };

  const api = {
    version: "3.12.0",
    hostVersion: "4.1037.0",
    registerHook: (name: string, callback: (context: object) => unknown) =>
      new Disposable(hooks.register(name, callback)),
    setProgrammingModel: (value: ProgrammingModel): void => {
      model = value;
    },
    getProgrammingModel: () => model,
    registerFunction,
    log,
    Disposable,
  };

  return {
    api,
    runtime: {
      functions,
      hooks,
      programmingModel: () => model,
      lockRegistration: () => {
        isLocked = true;
      },
    },
  };
}

/** The library news this class by its name in the core module, so it is a class. */
class Disposable {
  #release: (() => void) | undefined;

  constructor(release: () => void) {
    this.#release = release;
  }

  dispose(): void {
    const release = this.#release;
    this.#release = undefined;
    release?.();
  }
}

function systemError(message: string): Error {
  return Object.assign(new Error(message), {
    isAzureFunctionsSystemError: true,
  });
}
