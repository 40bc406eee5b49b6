import type { LocalIssuer } from "../local/issuer/local-issuer.ts";
import { localAudience, localIssuerUrl } from "../local/issuer/local-issuer.ts";

export interface LocalSettingsOptions {
  readonly home: string;
  readonly issuer: LocalIssuer;
  /** Folder below which `file` references may be read. */
  readonly artifactRoot: string;
  readonly publicUrl: string;
}

/** Safe values for the settings that the app needs on one machine. */
export function toLocalSettings(
  options: LocalSettingsOptions,
): Record<string, string> {
  return {
    DATA_DIR: options.home,
    AUTH_ISSUER: localIssuerUrl,
    AUTH_AUDIENCE: localAudience,
    AUTH_JWKS: JSON.stringify(options.issuer.jwks()),
    ARTIFACT_ROOT: options.artifactRoot,
    PUBLIC_URL: options.publicUrl,
  };
}

/** What keeps an app on this machine, whatever services the user's environment names. */
export const oneMachineSettings: Readonly<Record<string, string>> = {
  STORAGE: "sqlite",
  VAULT: "folder",
  KEYS: "sqlite",
  SECRETS: "file",
  MODEL: "extractive",
  ServiceBusConnection: "",
  ServiceBusConnection__fullyQualifiedNamespace: "",
  ARTIFACT_BLOB_SOURCES: "",
  GRAPH_CLIENT_ID: "",
  APPLICATIONINSIGHTS_CONNECTION_STRING: "",
};

/** Settings that mean something together only: with one of them given, none of them has a local default. */
const signInSettings: readonly string[] = [
  "AUTH_ISSUER",
  "AUTH_AUDIENCE",
  "AUTH_JWKS",
];

/** The defaults for the settings that `given` does not set. */
export function pickMissing(
  defaults: Readonly<Record<string, string>>,
  given: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const isGiven = (name: string): boolean => (given[name] ?? "") !== "";
  const ownIssuer = signInSettings.some(isGiven);
  return Object.fromEntries(
    Object.entries(defaults).filter(
      ([name]) =>
        !isGiven(name) && !(ownIssuer && signInSettings.includes(name)),
    ),
  );
}
