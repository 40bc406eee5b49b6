const hookNames = [
  "appStart",
  "appTerminate",
  "preInvocation",
  "postInvocation",
  "log",
] as const;

export type HookName = (typeof hookNames)[number];

type HookCallback = (context: object) => unknown;

export interface Hooks {
  /** State that all hooks of the app share (`appHookData`). */
  readonly appData: Record<string, unknown>;
  /** State that the hooks of the app itself share (`hookData` of `appStart` and `appTerminate`). */
  readonly appLevelData: Record<string, unknown>;
  /** Adds a hook; the returned function takes it away again. */
  register(name: string, callback: HookCallback): () => void;
  /** Whether hooks watch, or may change, how functions are invoked. */
  hasInvocationHooks(): boolean;
  /** Runs the hooks in the order in which they were registered; the first that throws ends the row. */
  run(name: HookName, context: object): Promise<void>;
  /** Runs the `log` hooks, which are synchronous and must never disturb what they watch. */
  runLog(context: object): void;
}

export function createHooks(): Hooks {
  const callbacks = new Map<string, HookCallback[]>(
    hookNames.map((name) => [name, []]),
  );
  return {
    appData: {},
    appLevelData: {},
    register(name, callback) {
      const list = callbacks.get(name);
      if (list === undefined)
        throw Object.assign(new RangeError(`Unrecognized hook "${name}"`), {
          isAzureFunctionsSystemError: true,
        });
      list.push(callback);
      return () => {
        const index = list.indexOf(callback);
        if (index >= 0) list.splice(index, 1);
      };
    },
    hasInvocationHooks: () =>
      callbacks.get("preInvocation")?.length !== 0 ||
      callbacks.get("postInvocation")?.length !== 0,
    async run(name, context) {
      for (const callback of callbacks.get(name) ?? []) await callback(context);
    },
    runLog(context) {
      for (const callback of callbacks.get("log") ?? []) {
        try {
          callback(context);
        } catch {
          // A log hook's failure is not the invocation's failure.
        }
      }
    },
  };
}
