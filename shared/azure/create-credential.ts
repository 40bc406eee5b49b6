import {
  AzureCliCredential,
  AzureDeveloperCliCredential,
  ChainedTokenCredential,
  DefaultAzureCredential,
  ManagedIdentityCredential,
  type TokenCredential,
  WorkloadIdentityCredential,
} from "@azure/identity";

/** How the app signs in to Azure; `default` finds out by its environment. */
export const identityKinds = [
  "default",
  "managed-identity",
  "workload-identity",
  "developer",
] as const;
export type IdentityKind = (typeof identityKinds)[number];

/**
 * The app's identity for every service of Azure. The SDK caches tokens and asks for new ones before they expire.
 *
 * @param options.clientId a user-assigned managed identity, or the application of a workload identity; absent: the
 *   system-assigned one, or what the environment says.
 */
export function createCredential(options: {
  readonly kind: IdentityKind;
  readonly clientId: string | undefined;
}): TokenCredential {
  const { kind, clientId } = options;
  const client = clientId === undefined ? {} : { clientId };
  switch (kind) {
    case "managed-identity":
      return new ManagedIdentityCredential(client);
    case "workload-identity":
      return new WorkloadIdentityCredential(client);
    case "developer":
      return new ChainedTokenCredential(
        new AzureCliCredential(),
        new AzureDeveloperCliCredential(),
      );
    case "default":
      return new DefaultAzureCredential(
        clientId === undefined
          ? {}
          : {
              managedIdentityClientId: clientId,
              workloadIdentityClientId: clientId,
            },
      );
    default:
      return kind satisfies never;
  }
}
