import type { IdentityKind } from "../../shared/azure/create-credential.ts";
import { HostStartError } from "./host-start-error.ts";

export type Settings = Readonly<Record<string, string | undefined>>;

/**
 * An app setting, found as .NET's configuration finds it: in any case, and with `:` for `__`. The one that is spelled as
 * it is asked for goes first.
 */
export function readSetting(
  settings: Settings,
  name: string,
): string | undefined {
  const exact = settings[name];
  if (exact !== undefined) return exact;
  const wanted = toKey(name);
  return Object.entries(settings).find(([key]) => toKey(key) === wanted)?.[1];
}

function toKey(name: string): string {
  return name.toLowerCase().replaceAll(":", "__");
}

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
    const value = readSetting(settings, name);
    if (value === undefined)
      throw new HostStartError(
        `${usedBy} refers to the app setting "${name}", which is not set.`,
      );
    return value;
  });
}

/** How a binding's `connection` leads to its service. */
export type ConnectionSettings =
  | { readonly connectionString: string }
  | {
      readonly connectionString?: undefined;
      /** The service's host name. */
      readonly fullyQualifiedNamespace: string;
      readonly identity: IdentityKind;
      readonly clientId: string | undefined;
      /** `sb://host[:port]` of a gateway in front of the service. */
      readonly customEndpointAddress: string | undefined;
    };

/** What Azure Functions calls the ways to sign in. */
const identities: Readonly<Record<string, IdentityKind>> = {
  managedidentity: "managed-identity",
  workloadidentity: "workload-identity",
};

/**
 * A binding's `connection`: the app setting of that name with Azure's `AzureWebJobs` prefix, or without it. It is a
 * connection string, or a group of settings (`NAME__fullyQualifiedNamespace` …) for signing in with an identity.
 * Undefined when there is neither.
 *
 * @throws HostStartError for a group that is not whole.
 */
export function findConnection(
  connection: string,
  settings: Settings,
): ConnectionSettings | undefined {
  return (
    readConnection(`AzureWebJobs${connection}`, settings) ??
    readConnection(connection, settings)
  );
}

function readConnection(
  name: string,
  settings: Settings,
): ConnectionSettings | undefined {
  const read = (setting: string): string | undefined => {
    const value = readSetting(settings, setting);
    return value === "" ? undefined : value;
  };
  const connectionString = read(name);
  if (connectionString !== undefined) return { connectionString };
  const fullyQualifiedNamespace = read(`${name}__fullyQualifiedNamespace`);
  const clientId = read(`${name}__clientId`);
  const customEndpointAddress = read(`${name}__customEndpointAddress`);
  const credential = read(`${name}__credential`);
  if (fullyQualifiedNamespace === undefined) {
    if (clientId ?? customEndpointAddress ?? credential) {
      throw new HostStartError(
        `The app setting "${name}__fullyQualifiedNamespace" is not set, though others of that connection are. Set it to the namespace's host name.`,
      );
    }
    return undefined;
  }
  const identity = toIdentity(`${name}__credential`, credential);
  return { fullyQualifiedNamespace, identity, clientId, customEndpointAddress };
}

function toIdentity(
  setting: string,
  credential: string | undefined,
): IdentityKind {
  if (credential === undefined) return "default";
  const identity = identities[credential.toLowerCase()];
  if (identity !== undefined) return identity;
  throw new HostStartError(
    `The app setting "${setting}" must be one of: ${Object.keys(identities).join(", ")}. Without it the app signs in as its environment says.`,
  );
}
