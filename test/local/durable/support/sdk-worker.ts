import { createRequire, Module } from "node:module";

import type * as durableFunctions from "durable-functions";

import { findRepeatedTask } from "../../../../local/host/worker/find-repeated-task.ts";
import type {
  ActivityOutcome,
  OrchestratorOutcome,
  WorkerPort,
} from "../../../../local/worker-port.ts";

const require = createRequire(import.meta.url);

interface TypedData {
  readonly string?: string;
  readonly json?: string;
  readonly int?: number;
  readonly double?: number;
  readonly bytes?: Uint8Array;
}

interface Registration {
  readonly name: string;
  readonly bindings: Record<string, { readonly type: string }>;
  readonly callback: (...args: unknown[]) => unknown;
}

interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(
    context: unknown,
    inputs: unknown[],
    callback: Registration["callback"],
  ): Promise<unknown>;
  getResponse(
    context: unknown,
    result: unknown,
  ): Promise<{ returnValue?: TypedData | null }>;
}

interface ProgrammingModel {
  getInvocationModel(context: unknown): InvocationModel;
}

/** One app: what the registrations made inside `register` put there. */
export interface SdkApp {
  readonly worker: WorkerPort;
  readonly functions: {
    readonly orchestrators: ReadonlySet<string>;
    readonly activities: ReadonlySet<string>;
    readonly entities: ReadonlySet<string>;
  };
}

let registrations = new Map<string, Registration>();
let programmingModel: ProgrammingModel | undefined;

const core = {
  version: "3.12.0",
  hostVersion: "4.1044.400",
  setProgrammingModel(model: ProgrammingModel) {
    programmingModel = model;
  },
  getProgrammingModel: () => programmingModel,
  registerFunction(
    metadata: Omit<Registration, "callback">,
    callback: Registration["callback"],
  ) {
    registrations.set(metadata.name, { ...metadata, callback });
    return { dispose() {} };
  },
  registerHook: () => ({ dispose() {} }),
  log() {},
};

// The SDK finds its host by requiring a module that exists nowhere on disk.
const original = Module.prototype.require;
Module.prototype.require = new Proxy(original, {
  apply: (target, self, args) =>
    args[0] === "@azure/functions-core"
      ? core
      : (Reflect.apply(target, self, args) as unknown),
});

/** The real SDK, running against the core above. */
export const df = require("durable-functions") as typeof durableFunctions;

/** Loads an app: `register` calls `df.app.*`. */
export function createSdkApp(register: () => void): SdkApp {
  registrations = new Map();
  register();
  const registered = registrations;
  const namesOf = (type: string) =>
    new Set(
      [...registered.values()]
        .filter(({ bindings }) =>
          Object.values(bindings).some((binding) => binding.type === type),
        )
        .map(({ name }) => name),
    );
  return {
    functions: {
      orchestrators: namesOf("orchestrationTrigger"),
      activities: namesOf("activityTrigger"),
      entities: namesOf("entityTrigger"),
    },
    worker: {
      invokeOrchestrator: (name, payload) =>
        invokeOrchestrator(registered, name, payload),
      invokeActivity: ({ name, input }) =>
        invokeActivity(registered, name, input),
      async invokeEntity(name, payload) {
        const { value } = await invoke(registered, name, { string: payload });
        return { kind: "state", state: value?.json ?? "" };
      },
    },
  };
}

async function invokeOrchestrator(
  registered: ReadonlyMap<string, Registration>,
  name: string,
  payload: string,
): Promise<OrchestratorOutcome> {
  const label = "\n\n$OutOfProcData$:";
  try {
    const { value, repeatedTask } = await invoke(registered, name, {
      string: payload,
    });
    return {
      kind: "state",
      state: value?.json ?? "",
      ...(repeatedTask !== undefined && { repeatedTask }),
    };
  } catch (error) {
    const message = (error as Error).message;
    const at = message.indexOf(label);
    return at === -1
      ? { kind: "failed", message }
      : { kind: "state", state: message.slice(at + label.length) };
  }
}

async function invokeActivity(
  registered: ReadonlyMap<string, Registration>,
  name: string,
  input: string | undefined,
): Promise<ActivityOutcome> {
  try {
    const { value } = await invoke(
      registered,
      name,
      input === undefined ? {} : { string: input },
    );
    return { kind: "completed", result: toJsonText(value) };
  } catch (error) {
    const { message, stack } = error as Error;
    return { kind: "failed", message, stack: stack ?? "" };
  }
}

interface Invoked {
  readonly value: TypedData | null | undefined;
  readonly repeatedTask: string | undefined;
}

async function invoke(
  registered: ReadonlyMap<string, Registration>,
  name: string,
  data: TypedData,
): Promise<Invoked> {
  const registration = registered.get(name);
  if (registration === undefined || programmingModel === undefined) {
    throw new Error(`${name} is not registered`);
  }
  const [bindingName] = Object.keys(registration.bindings);
  const model = programmingModel.getInvocationModel({
    invocationId: "invocation",
    request: {
      invocationId: "invocation",
      functionId: name,
      inputData: [{ name: bindingName, data }],
      triggerMetadata: {},
      traceContext: undefined,
      retryContext: undefined,
    },
    metadata: { name, bindings: registration.bindings },
    state: undefined,
    log() {},
  });
  const { context, inputs } = await model.getArguments();
  const result = await model.invokeFunction(
    context,
    inputs,
    registration.callback,
  );
  const { returnValue } = await model.getResponse(context, result);
  return { value: returnValue, repeatedTask: findRepeatedTask(result) };
}

function toJsonText(value: TypedData | null | undefined): string | undefined {
  if (value?.json !== undefined) return value.json;
  if (value?.string !== undefined) return JSON.stringify(value.string);
  if (value?.bytes !== undefined) {
    return JSON.stringify(Buffer.from(value.bytes).toString("base64"));
  }
  const number = value?.int ?? value?.double;
  return number === undefined ? undefined : String(number);
}
