import type { z } from "zod";
import { adapterChoices, type Choice, Settings } from "./settings.ts";

type Given = z.infer<typeof Settings>;

/** The app's settings, with every choice made. */
export type Config = Readonly<
  Omit<Given, Choice> & { [C in Choice]: NonNullable<Given[C]> }
>;

/** A setting is missing or malformed; the message names it and says what it must be, never its value. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

/** The environment of this process, for what is described by it. */
export function readEnvironment(): Readonly<
  Record<string, string | undefined>
> {
  return process.env;
}

/**
 * Reads the app's settings.
 *
 * @throws ConfigurationError naming the first setting that is missing or malformed.
 */
export function loadConfig(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Config {
  const known = Object.fromEntries(
    Object.keys(Settings.shape).flatMap((name) => {
      const value = environment[name];
      return value === undefined || value === "" ? [] : [[name, value]];
    }),
  );
  const parsed = Settings.safeParse(known);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return refuse(issue?.path.join(".") ?? "?", issue?.message ?? "invalid");
  }
  const given = parsed.data;
  assertEither(
    given,
    "ServiceBusConnection",
    "ServiceBusConnection__fullyQualifiedNamespace",
  );
  return {
    ...given,
    STORAGE: choose(given, "STORAGE"),
    VAULT: choose(given, "VAULT"),
    KEYS: choose(given, "KEYS"),
    SECRETS: choose(given, "SECRETS"),
    MODEL: choose(given, "MODEL"),
  };
}

/**
 * A setting that the choices made necessary.
 *
 * @throws ConfigurationError naming it when it is absent all the same
 */
export function needed<N extends keyof Config>(
  config: Config,
  name: N,
): NonNullable<Config[N]> {
  const value = config[name];
  if (value === undefined) return refuse(name, "is missing");
  return value;
}

/** What was chosen by name, or by what is given; all that it needs is there. */
function choose<C extends Choice>(given: Given, name: C): Config[C] {
  const options: Readonly<Record<string, readonly (keyof Given)[]>> =
    adapterChoices[name];
  const isGiven = (setting: keyof Given | undefined): boolean =>
    setting === undefined || given[setting] !== undefined;
  const chosen =
    given[name] ??
    Object.keys(options).find((option) => isGiven(options[option]?.[0])) ??
    Object.keys(options).at(-1) ??
    "";
  const missing = options[chosen]?.find((setting) => !isGiven(setting));
  if (missing !== undefined) refuse(missing, `${name}=${chosen} needs it`);
  return chosen as Config[C];
}

function assertEither(
  given: Given,
  one: keyof Given,
  other: keyof Given,
): void {
  if (given[one] === undefined && given[other] === undefined)
    refuse(one, `is missing, and so is ${other}`);
  if (given[one] !== undefined && given[other] !== undefined)
    refuse(one, `is given, and so is ${other}: take one away`);
}

function refuse(name: string, problem: string): never {
  throw new ConfigurationError(
    `Setting ${name}: ${problem}. See docs/configuration.md.`,
  );
}
