import { HostStartError } from "./host-start-error.ts";

export type Settings = Readonly<Record<string, string | undefined>>;

/**
 * Replaces every `%NAME%` in a binding's text by that app setting.
 *
 * @throws HostStartError when the setting is missing.
 */
export function resolveSetting(
  text: string,
  settings: Settings,
  usedBy: string,
): string {
  return text.replaceAll(/%([^%]+)%/g, (_, name: string) => {
    const value = settings[name];
    if (value === undefined)
      throw new HostStartError(
        `${usedBy} refers to the app setting "${name}", which is not set.`,
      );
    return value;
  });
}

/** A binding's `connection`: the app setting of that name, or the same with Azure's `AzureWebJobs` prefix. */
export function findConnection(
  connection: string,
  settings: Settings,
): string | undefined {
  return settings[connection] ?? settings[`AzureWebJobs${connection}`];
}
