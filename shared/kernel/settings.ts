import { z } from "zod";

const text = z.string().min(1);
const wholeNumber = z.coerce.number().int().positive();

/**
 * The choices among adapters, and the settings that each needs. Where none is named, the first counts whose first
 * setting is given; the last needs no service.
 */
export const adapterChoices = {
  STORAGE: { cosmos: ["COSMOS_ENDPOINT"], sqlite: ["DATA_DIR"] },
  VAULT: { blob: ["VAULT_BLOB_URL"], folder: ["DATA_DIR"] },
  KEYS: { blob: ["KEYS_BLOB_URL"], sqlite: ["DATA_DIR"] },
  SECRETS: { "key-vault": ["KEY_VAULT_URL"], file: ["DATA_DIR"] },
  MODEL: {
    "azure-openai": ["AZURE_OPENAI_ENDPOINT", "MODEL_NAME"],
    "openai-compatible": ["MODEL_BASE_URL", "MODEL_NAME"],
    extractive: [],
  },
} as const;

type Choices = typeof adapterChoices;
export type Choice = keyof Choices;

/** One of a choice's names; absent: the first whose first setting is given. */
function choice<C extends Choice>(name: C) {
  const names = Object.keys(adapterChoices[name]) as [
    keyof Choices[C] & string,
    ...(keyof Choices[C] & string)[],
  ];
  return z.enum(names).optional();
}

/**
 * Every setting of the app. Names are environment variables (Function App settings on Azure, `local.settings.json` or
 * the environment on one machine). `docs/configuration.md` is generated from the descriptions.
 */
export const Settings = z.object({
  DATA_DIR: text
    .optional()
    .describe(
      "Folder of the one-machine stores (documents, vault, keys, secrets), for those of them that are chosen. Set by the embedded runtime to NUCLEUS_HOME.",
    ),
  PUBLIC_URL: z
    .url()
    .describe(
      "Where callers reach this app; the base of the status and result URLs in answers and callbacks.",
    ),
  AZURE_AUTHORITY_HOST: z
    .url()
    .optional()
    .describe(
      "Where the app signs in, as the national clouds have their own; absent: https://login.microsoftonline.com.",
    ),
  IDENTITY: z
    .enum(["default", "managed-identity", "workload-identity", "developer"])
    .default("default")
    .describe(
      "How the app signs in to Azure: `managed-identity`, `workload-identity`, `developer` (the az or azd command line), or `default`, which finds out by the environment.",
    ),
  AZURE_CLIENT_ID: text
    .optional()
    .describe(
      "The client id of a user-assigned managed identity or of a workload identity; absent: the system-assigned identity.",
    ),
  STORAGE: choice("STORAGE").describe(
    "Where metadata documents lie: `cosmos` (Cosmos DB) or `sqlite`. Default: `cosmos` when COSMOS_ENDPOINT is set, else `sqlite`.",
  ),
  COSMOS_ENDPOINT: z
    .url()
    .optional()
    .describe("The Cosmos DB account, `https://….documents.azure.com`."),
  COSMOS_DATABASE: text.default("nucleus").describe("The database there."),
  COSMOS_CONTAINER: text
    .default("documents")
    .describe(
      "The container there, made as `bicep/cosmos-container.json` says.",
    ),
  VAULT: choice("VAULT").describe(
    "Where sealed content lies: `blob` (Blob Storage) or `folder`. Default: `blob` when VAULT_BLOB_URL is set, else `folder`.",
  ),
  VAULT_BLOB_URL: z
    .url()
    .optional()
    .describe(
      "The vault's storage account, `https://….blob.core.windows.net`.",
    ),
  VAULT_CONTAINER: text.default("vault").describe("The container there."),
  KEYS: choice("KEYS").describe(
    "Where wrapped keys lie: `blob` (Blob Storage) or `sqlite`. Default: `blob` when KEYS_BLOB_URL is set, else `sqlite`.",
  ),
  KEYS_BLOB_URL: z
    .url()
    .optional()
    .describe(
      "The key store's storage account: not the vault's, and without versioning and soft delete, so that a deleted key is gone.",
    ),
  KEYS_CONTAINER: text.default("keys").describe("The container there."),
  SECRETS: choice("SECRETS").describe(
    "Where secrets lie: `key-vault` (Key Vault) or `file`. Default: `key-vault` when KEY_VAULT_URL is set, else `file`.",
  ),
  KEY_VAULT_URL: z
    .url()
    .optional()
    .describe("The key vault, `https://….vault.azure.net`."),
  AUTH_ISSUER: text.describe(
    "The `iss` that access tokens must carry; `{tenantid}` in it stands for the token's own `tid`, as in Entra ID's `https://login.microsoftonline.com/{tenantid}/v2.0`.",
  ),
  AUTH_AUDIENCE: text.describe(
    "The `aud` that access tokens must carry; several are separated by commas.",
  ),
  AUTH_JWKS: text.describe(
    "The issuer's public keys: the https address where it publishes them, such as https://login.microsoftonline.com/common/discovery/v2.0/keys, or a JSON Web Key Set as text.",
  ),
  AUTH_DELEGATED_SCOPE: text
    .default("access_as_user")
    .describe(
      "The scope with which clients act on behalf of users; a user's app roles count in tokens with it only.",
    ),
  AUTH_TENANTS: z
    .string()
    .default("")
    .describe(
      "The tenants whose tokens are taken, separated by commas; `*` takes every tenant. Required when AUTH_ISSUER holds `{tenantid}`.",
    ),
  ARTIFACT_ROOT: z
    .string()
    .default("")
    .describe(
      "Folder below which `file` references may be read; empty: no `file` provider (as on Azure).",
    ),
  ARTIFACT_MAX_BYTES: z.coerce
    .number()
    .int()
    .positive()
    .default(50 * 1024 * 1024)
    .describe("Largest artifact in bytes."),
  ARTIFACT_BLOB_SOURCES: z
    .string()
    .default("")
    .describe(
      "Whose jobs may read which containers as `azure-blob` references: a comma list of `tenantId=https://account.blob.core.windows.net/container`; empty: no such provider.",
    ),
  GRAPH_CLIENT_ID: text
    .optional()
    .describe(
      "The app registration that reads `microsoft-graph` references (SharePoint, OneDrive, Teams) in the job's tenant; absent: no such provider.",
    ),
  GRAPH_CLIENT_SECRET_NAME: text
    .optional()
    .describe(
      "The name of its client secret in the secrets' store; absent: the app's managed identity signs in for it (federated credential).",
    ),
  GRAPH_ENDPOINT: z
    .url()
    .default("https://graph.microsoft.com")
    .describe("Microsoft Graph, as the national clouds have their own."),
  GRAPH_SCOPE: text
    .default("https://graph.microsoft.com/.default")
    .describe("The scope of tokens for it, which goes with the cloud too."),
  EGRESS_ALLOW: z
    .string()
    .default("")
    .describe(
      "Comma list of `host:port` that outgoing calls may reach although they are http or private.",
    ),
  EXTRACTION_TIMEOUT_MS: wholeNumber
    .default(120_000)
    .describe("Longest time for the text of one artifact, in milliseconds."),
  EXTRACTION_MAX_CHILDREN: z.coerce
    .number()
    .int()
    .min(1)
    .max(16)
    .default(2)
    .describe(
      "Extraction processes at once, shared out among the worker processes with at least one for each; each may take up to 400 MB.",
    ),
  FUNCTIONS_WORKER_PROCESS_COUNT: z.coerce
    .number()
    .int()
    .min(1)
    .max(10)
    .default(1)
    .describe(
      "Worker processes that run the app: the Functions host's own setting. On one machine the host has one for each core, at most four, unless this says otherwise.",
    ),
  OCR: z
    .enum(["off", "on"])
    .default("off")
    .describe(
      "Whether the words in pictures and on scanned pages are read, which takes seconds a page.",
    ),
  OCR_LANGUAGES: z
    .string()
    .regex(/^[a-zA-Z_]{3,20}(?:,[a-zA-Z_]{3,20}){0,4}$/)
    .default("eng")
    .describe(
      "Comma list of up to five languages of pictures, by Tesseract's names, the main one first.",
    ),
  OCR_DATA_DIR: z
    .string()
    .default("")
    .describe(
      "Folder with `{language}.traineddata.gz` (Tesseract's LSTM data) for languages other than English, which comes along.",
    ),
  JOB_TIMEOUT_SECONDS: wholeNumber
    .default(900)
    .describe("A job that has not finished by then ends as TimedOut."),
  RESULT_TTL_SECONDS: wholeNumber
    .default(24 * 3600)
    .describe(
      "How long a result can be read; at least 96 h when a callback is due.",
    ),
  IDEMPOTENCY_TTL_SECONDS: wholeNumber
    .default(48 * 3600)
    .describe("How long an Idempotency-Key is remembered."),
  WEBHOOK_SCHEDULE: z
    .string()
    .default("0,5,300,1800,7200,18000,36000,50400,72000,86400")
    .describe(
      "Seconds before each attempt of a delivery, the first included, separated by commas.",
    ),
  WEBHOOK_TIMEOUT_MS: wholeNumber
    .max(30_000)
    .default(15_000)
    .describe(
      "How long one delivery attempt may take, in milliseconds; one that died with its process is made again after four times as long.",
    ),
  MODEL: choice("MODEL").describe(
    "The personas' model: `azure-openai` calls AZURE_OPENAI_ENDPOINT, `openai-compatible` calls MODEL_BASE_URL, `extractive` works offline and quotes verbatim. Default: the first of them whose endpoint is set.",
  ),
  AZURE_OPENAI_ENDPOINT: z
    .url()
    .optional()
    .describe(
      "The Azure OpenAI resource, `https://….openai.azure.com`; the app signs in with its identity.",
    ),
  MODEL_BASE_URL: z
    .url()
    .optional()
    .describe(
      "Base URL of an OpenAI-compatible endpoint, such as http://127.0.0.1:8080/v1. The operator chooses it, so EGRESS_ALLOW does not apply.",
    ),
  MODEL_API_KEY: z
    .string()
    .min(1)
    .optional()
    .describe("The key for that endpoint."),
  MODEL_API_KEY_SECRET: text
    .optional()
    .describe(
      "The name of that key in the secrets' store, instead of MODEL_API_KEY.",
    ),
  MODEL_NAME: z
    .string()
    .min(1)
    .optional()
    .describe(
      "The model's or deployment's name there, unless a persona names its own.",
    ),
  MODEL_TIMEOUT_MS: wholeNumber
    .default(60_000)
    .describe("Longest time for one model call, in milliseconds."),
  MODEL_PRICES: z
    .string()
    .default("")
    .describe(
      'What models cost, in US dollars for a million tokens, as JSON: `{"gpt-4o": {"inputPerMillion": 2.5, "outputPerMillion": 10}}`; empty: jobs carry tokens and no cost.',
    ),
  TENANT_DAILY_TOKENS: z.coerce
    .number()
    .int()
    .nonnegative()
    .default(0)
    .describe(
      "What a tenant's jobs may take of models in a day (UTC), in tokens of input and output together; 0: no limit.",
    ),
  TENANT_DAILY_COST_USD: z.coerce
    .number()
    .nonnegative()
    .default(0)
    .describe(
      "What a tenant's jobs may take of models in a day (UTC), in US dollars; every deployment that a persona asks needs a price in MODEL_PRICES then. 0: no limit.",
    ),
  PERSONA_DIR: z
    .string()
    .default("personas")
    .describe(
      "Folders with persona definitions (YAML), relative to the app's folder, separated by commas; a persona of a later folder takes the place of one with the same id. `personas,/etc/nucleus/personas` adds your own to those that come with Nucleus.",
    ),
  ServiceBusConnection: text
    .optional()
    .describe(
      "Connection string of the Service Bus namespace. Set by the embedded runtime to its own endpoint, unless one of the two is given.",
    ),
  ServiceBusConnection__fullyQualifiedNamespace: text
    .optional()
    .describe(
      "The namespace's host name, `….servicebus.windows.net`; the app signs in with its identity.",
    ),
  ServiceBusConnection__customEndpointAddress: text
    .optional()
    .describe(
      "Another address for the same namespace, such as a private gateway's, as `sb://host:port`.",
    ),
  APPLICATIONINSIGHTS_CONNECTION_STRING: text
    .optional()
    .describe(
      "Where telemetry goes (Application Insights); absent: none is made.",
    ),
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: text
    .optional()
    .describe(
      "`Authorization=AAD`: telemetry is sent with the app's identity, for a resource without local authentication.",
    ),
});
