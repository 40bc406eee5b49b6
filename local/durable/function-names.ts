/** The registered functions of the app. Lookups ignore case, as the extension's do, and give the registered name. */
export interface FunctionNames {
  orchestrator(name: string): string | undefined;
  activity(name: string): string | undefined;
}

/** Creates the lookup of the app's orchestrators and activities. */
export function createFunctionNames(functions: {
  readonly orchestrators: ReadonlySet<string>;
  readonly activities: ReadonlySet<string>;
}): FunctionNames {
  const orchestrators = byLowerCase(functions.orchestrators);
  const activities = byLowerCase(functions.activities);
  return {
    orchestrator: (name) => orchestrators.get(name.toLowerCase()),
    activity: (name) => activities.get(name.toLowerCase()),
  };
}

function byLowerCase(names: ReadonlySet<string>): Map<string, string> {
  return new Map([...names].map((name) => [name.toLowerCase(), name]));
}
