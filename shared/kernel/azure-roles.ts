/** A role that the app's identity needs, as `docs/azure.md` lists them. */
interface RoleNeed {
  /** The role's name in Azure. */
  readonly name: string;
  /** The role definition's id, the same in every tenant. */
  readonly roleId: string;
  /** What it is assigned on. */
  readonly scope: string;
  /** What fails without it. */
  readonly why: string;
}

/**
 * What the app's identity may do, service by service, and no more than that. Names and ids are those of Azure's built-in
 * roles; the one for Cosmos DB is a data-plane role of the account itself.
 */
export const azureRoles = {
  documents: {
    name: "Cosmos DB Built-in Data Contributor",
    roleId: "00000000-0000-0000-0000-000000000002",
    scope: "the Cosmos DB database",
    why: "reads and writes metadata documents",
  },
  vault: {
    name: "Storage Blob Data Contributor",
    roleId: "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    scope: "the vault's container",
    why: "reads, writes and deletes sealed content",
  },
  keys: {
    name: "Storage Blob Data Contributor",
    roleId: "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    scope: "the key store's container, in an account of its own",
    why: "reads, writes and deletes wrapped keys",
  },
  secrets: {
    name: "Key Vault Secrets Officer",
    roleId: "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
    scope: "the key vault",
    why: "makes and reads the key-encryption key and webhook secrets",
  },
  messages: {
    name: "Azure Service Bus Data Owner",
    roleId: "090c5cfd-751d-490a-894a-3ce6f1109419",
    scope: "the Service Bus namespace",
    why: "sends, receives, and reads the counts of queues",
  },
  models: {
    name: "Cognitive Services OpenAI User",
    roleId: "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd",
    scope: "the Azure OpenAI resource",
    why: "lets personas call their models",
  },
  artifacts: {
    name: "Storage Blob Data Reader",
    roleId: "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    scope: "each container of ARTIFACT_BLOB_SOURCES",
    why: "reads artifacts of the type azure-blob",
  },
  telemetry: {
    name: "Monitoring Metrics Publisher",
    roleId: "3913510d-42f4-4e42-8a64-420c390055eb",
    scope: "the Application Insights resource",
    why: "sends telemetry",
  },
} as const satisfies Readonly<Record<string, RoleNeed>>;

/** A service of Azure that the app's identity is used for. */
export type AzureService = keyof typeof azureRoles;
export const azureServices = Object.keys(azureRoles) as [
  AzureService,
  ...AzureService[],
];

type AzureRoleName = (typeof azureRoles)[AzureService]["name"];
export const azureRoleNames = Object.values(azureRoles).map(
  ({ name }) => name,
) as [AzureRoleName, ...AzureRoleName[]];

/** What a log says of a failure: who denied, and for want of which role; nothing of a failure that was no denial. */
export function toDenial({
  deniedBy,
}: {
  readonly deniedBy?: AzureService | undefined;
}) {
  return deniedBy === undefined
    ? {}
    : { deniedBy, missingRole: azureRoles[deniedBy].name };
}
