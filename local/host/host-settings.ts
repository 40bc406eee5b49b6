import { basename } from "node:path";
import { HostStartError } from "./host-start-error.ts";
import { readLocalSettings } from "./read-local-settings.ts";
import { findConnection, resolveSetting } from "./resolve-setting.ts";
import type { HostJson } from "./read-host-json.ts";
import { createTimeZone } from "./time-zone.ts";

export interface HostSettingsOptions {
  readonly scriptRoot: string;
  readonly settings: Readonly<Record<string, string>>;
  /** host:port of the public door; the durable client rewrites management URLs without it. */
  readonly hostname: string;
  /** Settings that name the local broker wherever the app's settings do not name another. */
  readonly serviceBusSettings: readonly string[];
  readonly serviceBusConnectionString: string;
}

/** The app settings as they are given: local.settings.json below the process' environment, below the caller's settings. */
export function readAppSettings({
  scriptRoot,
  settings,
}: Pick<HostSettingsOptions, "scriptRoot" | "settings">): Record<
  string,
  string
> {
  return {
    ...readLocalSettings(scriptRoot),
    ...(process.env as Record<string, string>),
    ...settings,
  };
}

/** The app settings of the worker: what is given, and on top what a Functions host sets itself. */
export function createHostSettings(
  options: HostSettingsOptions,
): Record<string, string> {
  const { scriptRoot } = options;
  const settings: Record<string, string> = {
    AZURE_FUNCTIONS_ENVIRONMENT: "Development",
    WEBSITE_SITE_NAME: basename(scriptRoot),
    ...readAppSettings(options),
    FUNCTIONS_WORKER_RUNTIME: "node",
    AzureWebJobsScriptRoot: scriptRoot,
    WEBSITE_HOSTNAME: options.hostname,
  };
  for (const name of options.serviceBusSettings) {
    const connection = name.replace(/^AzureWebJobs/, "");
    if (findConnection(connection, settings) === undefined)
      settings[name] = options.serviceBusConnectionString;
  }
  const timeZone = settings["WEBSITE_TIME_ZONE"];
  if (timeZone !== undefined && !isTimeZone(timeZone))
    throw new HostStartError(
      'WEBSITE_TIME_ZONE is not a time zone of the tz database. Set it to a name such as "Europe/Berlin".',
    );
  return settings;
}

function isTimeZone(name: string): boolean {
  try {
    createTimeZone(name);
    return true;
  } catch {
    return false;
  }
}

const bodyLimitSetting = "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT";

/** Azure's own setting and default for the largest request body, in bytes. */
export function readBodyLimit(settings: Record<string, string>): number {
  const text = settings[bodyLimitSetting] ?? "104857600";
  if (/^\d{1,12}$/.test(text)) return Number(text);
  throw new HostStartError(
    `The setting ${bodyLimitSetting} must be a number of bytes.`,
  );
}

/** The task hub's name as the Durable extension chooses it: host.json, else the site's name, cleaned. */
export function readHubName(
  { extensions: { durableTask } }: HostJson,
  settings: Record<string, string>,
): string {
  if (durableTask.hubName !== undefined)
    return resolveSetting(
      durableTask.hubName,
      settings,
      'host.json "extensions.durableTask.hubName"',
    );
  const site = (settings["WEBSITE_SITE_NAME"] ?? "").replaceAll(/[^\w]/g, "");
  return /^[A-Za-z]\w{2,44}$/.test(site) ? site : "TestHubName";
}
