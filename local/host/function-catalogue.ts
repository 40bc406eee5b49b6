import type { HostLog } from "./host-log.ts";
import { HostStartError } from "./host-start-error.ts";
import { readSetting } from "./resolve-setting.ts";
import type { Settings } from "./resolve-setting.ts";
import { readMethods, toRoutePath } from "./http/http-binding.ts";
import type { BindingMetadata, FunctionMetadata } from "./worker-messages.ts";

const triggerTypes = [
  "httpTrigger",
  "timerTrigger",
  "serviceBusTrigger",
  "orchestrationTrigger",
  "activityTrigger",
  "entityTrigger",
] as const;

type TriggerType = (typeof triggerTypes)[number];

/** A registered function, its bindings sorted by role. */
export interface CatalogedFunction {
  readonly name: string;
  readonly metadata: FunctionMetadata;
  /** One of `TriggerType`, unless the function is disabled. */
  readonly triggerType: string;
  /** The trigger binding's name: the input that carries the trigger's data. */
  readonly triggerName: string;
  readonly trigger: BindingMetadata;
  readonly durableClientNames: readonly string[];
}

/** What a host shows of a function (also `GET /admin/functions`). */
export interface FunctionSummary {
  readonly name: string;
  readonly triggerType: string;
  /** The method list and absolute route of an HTTP function. */
  readonly route?: string;
  readonly methods?: readonly string[];
  readonly isDisabled: boolean;
}

const supported =
  "httpTrigger, timerTrigger, serviceBusTrigger, orchestrationTrigger, activityTrigger, entityTrigger, durableClient, http output, serviceBus output";

/** The functions that `functions` of host.json names, in any case; all of them without it. */
export function pickFunctions(
  functions: readonly FunctionMetadata[],
  names: readonly string[] | undefined,
  log: HostLog,
): readonly FunctionMetadata[] {
  if (names === undefined) return functions;
  const isNamed = (wanted: string, { name }: FunctionMetadata): boolean =>
    name.toLowerCase() === wanted.toLowerCase();
  for (const functionName of names)
    if (!functions.some((each) => isNamed(functionName, each)))
      log("warning", "function-unknown", { functionName });
  return functions.filter((each) => names.some((name) => isNamed(name, each)));
}

/**
 * Sorts what the app registered. A disabled function may have bindings that this host does not have, as nothing calls
 * it; one of HTTP may not, as the master key still does.
 *
 * @throws HostStartError naming the first binding that this host does not have, or two functions of one name.
 */
export function catalogFunctions(
  functions: readonly FunctionMetadata[],
  settings: Settings = {},
): CatalogedFunction[] {
  refuseSameNames(functions);
  return functions.map((each) => catalogFunction(each, settings));
}

/** Azure takes names in any case, and so do the keys' files and the settings that disable a function. */
function refuseSameNames(functions: readonly FunctionMetadata[]): void {
  const seen = new Map<string, string>();
  for (const { name } of functions) {
    const other = seen.get(name.toLowerCase());
    if (other !== undefined)
      throw new HostStartError(
        `The names of the functions "${other}" and "${name}" differ in case only. Give one of them another name.`,
      );
    seen.set(name.toLowerCase(), name);
  }
}

function catalogFunction(
  metadata: FunctionMetadata,
  settings: Settings,
): CatalogedFunction {
  const { name, bindings } = metadata;
  if (!/^[A-Za-z][\w-]{0,127}$/.test(name))
    throw new HostStartError(
      `"${name}" is not a valid function name: it begins with a letter and has letters, digits, "_" and "-" only.`,
    );
  const entries = Object.entries(bindings);
  const triggers = entries.filter(([, { type }]) => /trigger$/i.test(type));
  const isOff =
    isDisabled(name, settings) &&
    !triggers.some(([, { type }]) => type === "httpTrigger");
  const missing = entries.find(([, binding]) => !isSupported(binding))?.[1];
  if (missing !== undefined && !isOff)
    throw new HostStartError(
      `Function "${name}" has a binding of type "${missing.type}" (${missing.direction}), which this host does not have. It has: ${supported}. To run the other functions, name them in "functions" of host.json.`,
    );
  const [first] = triggers;
  if (first === undefined || triggers.length > 1)
    throw new HostStartError(`Function "${name}" must have one trigger.`);
  const [triggerName, trigger] = first;
  return {
    name,
    metadata,
    triggerType: trigger.type,
    triggerName,
    trigger,
    durableClientNames: entries
      .filter(([, { type }]) => type === "durableClient")
      .map(([key]) => key),
  };
}

function isSupported({ type, direction }: BindingMetadata): boolean {
  if (direction === "out") return type === "http" || type === "serviceBus";
  return (
    type === "durableClient" ||
    (triggerTypes as readonly string[]).includes(type)
  );
}

export function toSummary(
  called: CatalogedFunction,
  routePrefix: string,
  settings: Settings,
): FunctionSummary {
  const { name, triggerType } = called;
  return {
    name,
    triggerType,
    isDisabled: isDisabled(name, settings),
    ...(triggerType === "httpTrigger"
      ? {
          route: toRoutePath(called, routePrefix),
          methods: readMethods(called),
        }
      : {}),
  };
}

/** Azure's switch for one function: the app setting `AzureWebJobs.<name>.Disabled`, also with `_` for the dots. */
export function isDisabled(name: string, settings: Settings): boolean {
  return [
    `AzureWebJobs.${name}.Disabled`,
    `AzureWebJobs_${name}_Disabled`,
  ].some((setting) => /^(true|1)$/i.test(readSetting(settings, setting) ?? ""));
}

/** The enabled functions that something else than HTTP calls, by what that is. */
export interface SortedFunctions {
  readonly timers: readonly CatalogedFunction[];
  readonly queues: readonly CatalogedFunction[];
  readonly orchestrators: ReadonlySet<string>;
  readonly activities: ReadonlySet<string>;
  readonly entities: ReadonlySet<string>;
}

export function sortFunctions(
  functions: readonly CatalogedFunction[],
  settings: Settings,
): SortedFunctions {
  const enabled = functions.filter(({ name }) => !isDisabled(name, settings));
  const ofType = (type: TriggerType): CatalogedFunction[] =>
    enabled.filter(({ triggerType }) => triggerType === type);
  const namesOf = (type: TriggerType): Set<string> =>
    new Set(ofType(type).map(({ name }) => name));
  return {
    timers: ofType("timerTrigger"),
    queues: ofType("serviceBusTrigger"),
    orchestrators: namesOf("orchestrationTrigger"),
    activities: namesOf("activityTrigger"),
    entities: namesOf("entityTrigger"),
  };
}
