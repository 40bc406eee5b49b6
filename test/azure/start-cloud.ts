import { join } from "node:path";
import { SecretClient } from "@azure/keyvault-secrets";
import { ContainerClient } from "@azure/storage-blob";
import { toCosmosPolicy } from "../../shared/documents/cosmos-policy.ts";
import { indexes } from "../../shared/documents/kinds.ts";
import { queues } from "../../shared/messages/queues.ts";
import {
  fullyQualifiedNamespace,
  startTestBus,
  type TestBus,
} from "../local/service-bus/start-test-bus.ts";
import { type Azurite, type AzuriteAccount, startAzurite } from "./azurite.ts";
import { trustedCertificate } from "./certificate.ts";
import { type Cosmos, startCosmos } from "./cosmos/start-cosmos.ts";
import { type Entra, startEntra } from "./entra.ts";
import { type ForwardProxy, startForwardProxy } from "./forward-proxy.ts";
import { type Graph, startGraph } from "./graph.ts";
import { entraTenantId, type Identity, startIdentity } from "./identity.ts";
import { type Ingestion, startIngestion } from "./ingestion.ts";
import { type KeyVault, serveKeyVault } from "./key-vault.ts";
import { serveLogin } from "./login.ts";
import { type AzureOpenAi, startAzureOpenAi } from "./openai.ts";

/** Every service of Azure that the app uses, on loopback over TLS, behind one managed identity. */
export interface Cloud {
  /** The app's settings, and what its processes need to reach the services. */
  readonly environment: Readonly<Record<string, string>>;
  readonly identity: Identity;
  readonly entra: Entra;
  readonly cosmos: Cosmos;
  readonly keyVault: KeyVault;
  readonly serviceBus: TestBus;
  readonly openai: AzureOpenAi;
  readonly graph: Graph;
  readonly ingestion: Ingestion;
  /** A container, to put artifacts into or to see what the app put there. */
  container(name: ContainerName): ContainerClient;
  close(): Promise<void>;
}

const containers = {
  vault: "vault1",
  keys: "keys1",
  contracts: "artifacts1",
} as const satisfies Record<string, AzuriteAccount>;
type ContainerName = keyof typeof containers;

const vaultName = "nucleus-e2e";
const deployment = "gpt-e2e";
const graphClientId = "d0000000-0000-4000-8000-00000000000d";
const graphSecret = "a-client-secret";
const graphSecretName = "graph-client";

/** @param folder where the messages lie */
export async function startCloud(folder: string): Promise<Cloud> {
  const certificate = await trustedCertificate();
  const identity = await startIdentity();
  const [entra, azurite, cosmos, openai, graph, ingestion, proxy] =
    await Promise.all([
      startEntra(),
      startAzurite(),
      startCosmos({ identity, policy: toCosmosPolicy(indexes) }),
      startAzureOpenAi({
        identity,
        deployments: { [deployment]: { model: deployment } },
      }),
      startGraph(identity),
      startIngestion({ identity }),
      startForwardProxy(),
    ]);
  const keyVault = await serveKeyVault({ identity, proxy });
  await serveLogin({
    proxy,
    identity,
    registration: {
      clientId: graphClientId,
      secret: graphSecret,
      assertion: "",
      tenants: [entraTenantId],
    },
  });
  const serviceBus = await startTestBus({
    queues,
    identity,
    file: join(folder, "service-bus.db"),
  });
  await setSecret(keyVault, proxy, identity);
  const container = (name: ContainerName): ContainerClient =>
    new ContainerClient(
      `${azurite.serviceUrl(containers[name])}/${name}`,
      identity.credential,
    );
  for (const name of Object.keys(containers) as ContainerName[])
    await container(name).create();

  return {
    identity,
    entra,
    cosmos,
    keyVault,
    serviceBus,
    openai,
    graph,
    ingestion,
    container,
    environment: {
      ...proxy.environment,
      ...identity.environment,
      NODE_EXTRA_CA_CERTS: certificate.file,
      ...toSettings({ azurite, cosmos, entra, openai, graph, ingestion }),
      KEY_VAULT_URL: keyVault.vault(vaultName).url,
      ServiceBusConnection__fullyQualifiedNamespace: fullyQualifiedNamespace,
      ServiceBusConnection__customEndpointAddress: `sb://localhost:${serviceBus.endpoint.port}`,
    },
    async close() {
      await serviceBus.close();
      await Promise.all(
        [entra, azurite, cosmos, openai, graph, ingestion, proxy].map((each) =>
          each.close(),
        ),
      );
      await identity.close();
    },
  };
}

/** What an operator puts into the key vault for the app. */
async function setSecret(
  keyVault: KeyVault,
  proxy: ForwardProxy,
  { credential }: Identity,
): Promise<void> {
  const { hostname, port } = new URL(proxy.environment.HTTPS_PROXY);
  const client = new SecretClient(keyVault.vault(vaultName).url, credential, {
    proxyOptions: { host: `http://${hostname}`, port: Number(port) },
  });
  await client.setSecret(graphSecretName, graphSecret);
}

/** The settings of `docs/azure.md`, with the addresses of these services. */
function toSettings(services: {
  readonly azurite: Azurite;
  readonly cosmos: Cosmos;
  readonly entra: Entra;
  readonly openai: AzureOpenAi;
  readonly graph: Graph;
  readonly ingestion: Ingestion;
}): Record<string, string> {
  const { azurite, cosmos, entra, openai, graph, ingestion } = services;
  const contracts = `${azurite.serviceUrl(containers.contracts)}/contracts`;
  return {
    IDENTITY: "managed-identity",
    COSMOS_ENDPOINT: cosmos.endpoint,
    COSMOS_DATABASE: cosmos.databaseId,
    COSMOS_CONTAINER: cosmos.containerId,
    VAULT_BLOB_URL: azurite.serviceUrl(containers.vault),
    KEYS_BLOB_URL: azurite.serviceUrl(containers.keys),
    AUTH_ISSUER: entra.issuer,
    AUTH_AUDIENCE: "api://nucleus",
    AUTH_JWKS: entra.jwksUrl,
    AUTH_TENANTS: entraTenantId,
    ARTIFACT_BLOB_SOURCES: `${entraTenantId}=${contracts}`,
    GRAPH_CLIENT_ID: graphClientId,
    GRAPH_CLIENT_SECRET_NAME: graphSecretName,
    GRAPH_ENDPOINT: graph.origin,
    EGRESS_ALLOW: graph.hosts.join(","),
    AZURE_OPENAI_ENDPOINT: openai.endpoint,
    MODEL_NAME: deployment,
    MODEL_PRICES: JSON.stringify({
      [deployment]: { inputPerMillion: 2.5, outputPerMillion: 10 },
    }),
    APPLICATIONINSIGHTS_CONNECTION_STRING: ingestion.connectionString,
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: "Authorization=AAD",
  };
}
