/** The registered functions of the app. Lookups ignore case, as the extension's do, and give the registered name. */
export interface FunctionNames {
  orchestrator(name: string): string | undefined;
  activity(name: string): string | undefined;
  entity(name: string): string | undefined;
}

/** Creates the lookup of the app's orchestrators, activities and entities. */
export function createFunctionNames(functions: {
  readonly orchestrators: ReadonlySet<string>;
  readonly activities: ReadonlySet<string>;
  readonly entities: ReadonlySet<string>;
}): FunctionNames {
  const orchestrators = byLowerCase(functions.orchestrators);
  const activities = byLowerCase(functions.activities);
  const entities = byLowerCase(functions.entities);
  return {
    orchestrator: (name) => orchestrators.get(name.toLowerCase()),
    activity: (name) => activities.get(name.toLowerCase()),
    entity: (name) => entities.get(name.toLowerCase()),
  };
}

function byLowerCase(names: ReadonlySet<string>): Map<string, string> {
  return new Map([...names].map((name) => [name.toLowerCase(), name]));
}
