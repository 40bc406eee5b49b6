import type { IdentityKind } from "./create-credential.ts";

/** Environment variables as the SDK reads them; their values are asked for, never shown. */
export type IdentityEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * Says in one line how `createCredential` signs in within this environment, or what it lacks; nothing is asked for.
 * Of `default` it follows the SDK's order, as `AZURE_TOKEN_CREDENTIALS` narrows it.
 */
export function describeIdentity(
  options: {
    readonly kind: IdentityKind;
    readonly clientId: string | undefined;
  },
  environment: IdentityEnvironment,
): string {
  const { kind, clientId = environment["AZURE_CLIENT_ID"] } = options;
  switch (kind) {
    case "managed-identity":
      return managedIdentity(options.clientId, environment);
    case "workload-identity":
      return workloadIdentity(clientId, environment);
    case "developer":
      return developer;
    case "default":
      return defaultChain(clientId, environment);
    default:
      return kind satisfies never;
  }
}

const developer =
  "developer sign-in: Azure CLI (az login), else Azure Developer CLI (azd auth login)";

function defaultChain(
  clientId: string | undefined,
  environment: IdentityEnvironment,
): string {
  const lacks = (...names: readonly string[]) =>
    missing(names, environment).length > 0;
  const chosen = environment["AZURE_TOKEN_CREDENTIALS"]?.trim().toLowerCase();
  if (chosen === "dev") {
    return "default: a developer's sign-in (AZURE_TOKEN_CREDENTIALS=dev)";
  }
  if (chosen !== undefined && chosen !== "" && chosen !== "prod") {
    return "default: only the credential that AZURE_TOKEN_CREDENTIALS names";
  }
  const hasSecret =
    !lacks("AZURE_CLIENT_SECRET") || !lacks("AZURE_CLIENT_CERTIFICATE_PATH");
  if (hasSecret && !lacks("AZURE_TENANT_ID", "AZURE_CLIENT_ID")) {
    return "default: the service principal of AZURE_CLIENT_ID, by its secret or certificate";
  }
  if (
    clientId !== undefined &&
    !lacks("AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE")
  ) {
    return `default: ${workloadIdentity(clientId, environment)}`;
  }
  const managed = managedIdentity(clientId, environment);
  const isCertain = hostOf(environment) !== undefined || chosen === "prod";
  return isCertain
    ? `default: ${managed}`
    : `default: ${managed} if that answers, else a developer's sign-in`;
}

function managedIdentity(
  clientId: string | undefined,
  environment: IdentityEnvironment,
): string {
  const which =
    clientId === undefined ? "system-assigned" : `user-assigned, ${clientId}`;
  const where = hostOf(environment) ?? "the virtual machine's metadata service";
  return `managed identity (${which}) through ${where}`;
}

/** What hands out tokens of the managed identity, where the environment says so. */
function hostOf(environment: IdentityEnvironment): string | undefined {
  const has = (...names: readonly string[]) =>
    missing(names, environment).length === 0;
  if (has("IDENTITY_ENDPOINT", "IDENTITY_HEADER")) {
    return has("IDENTITY_SERVER_THUMBPRINT")
      ? "Service Fabric"
      : "the identity endpoint of Functions and App Service";
  }
  if (has("MSI_ENDPOINT")) {
    return has("MSI_SECRET") ? "Azure Machine Learning" : "Cloud Shell";
  }
  return has("IDENTITY_ENDPOINT", "IMDS_ENDPOINT") ? "Azure Arc" : undefined;
}

function workloadIdentity(
  clientId: string | undefined,
  environment: IdentityEnvironment,
): string {
  const lacking = [
    ...(clientId === undefined ? ["AZURE_CLIENT_ID"] : []),
    ...missing(["AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE"], environment),
  ];
  return lacking.length === 0
    ? `workload identity (${clientId}) by the token file of AZURE_FEDERATED_TOKEN_FILE`
    : `workload identity, not set up: ${lacking.join(", ")} not set`;
}

function missing(
  names: readonly string[],
  environment: IdentityEnvironment,
): string[] {
  return names.filter((name) => !environment[name]);
}
