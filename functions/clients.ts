import type { TokenCredential } from "@azure/identity";
import { parseBlobSources } from "../shared/artifacts/adapters/azure-blob-sources.ts";
import { createFileProvider } from "../shared/artifacts/adapters/file.ts";
import { createHttpsProvider } from "../shared/artifacts/adapters/https.ts";
import type { ArtifactProvider } from "../shared/artifacts/artifact-provider.ts";
import type { SafeClient } from "../shared/egress/safe-client.ts";
import type { Now } from "../shared/kernel/clock.ts";
import { type Config, needed } from "../shared/kernel/config.ts";
import { NucleusError } from "../shared/kernel/errors.ts";
import type { MessageAdministration } from "../shared/messages/message-administration.ts";
import { queues } from "../shared/messages/queues.ts";
import type { MessageSender } from "../shared/messages/message-sender.ts";
import { createExtractiveModel } from "../shared/personas/adapters/extractive.ts";
import type {
  BoundedPersonaModel,
  PersonaModel,
} from "../shared/personas/persona-model.ts";
import { noTelemetry } from "../shared/telemetry/no-telemetry.ts";
import type { Telemetry } from "../shared/telemetry/telemetry.ts";
import type { Secrets } from "../shared/vault/secrets.ts";
import { setting } from "./setting.ts";

/** Loads once, with the first call: clients of services are heavy, and a cold start must not wait for them. */
function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return () => {
    loading ??= load().catch((thrown: unknown) => {
      // The next call tries again: what was missing may be there by then.
      loading = undefined;
      throw thrown;
    });
    return loading;
  };
}

/** The app's identity; its libraries are loaded with the first token that somebody asks for. */
export function createIdentity(config: Config): TokenCredential {
  const load = once(async () => {
    const { createCredential } =
      await import("../shared/azure/create-credential.ts");
    return createCredential({
      kind: config.IDENTITY,
      clientId: config.AZURE_CLIENT_ID,
    });
  });
  return {
    getToken: async (scopes, options) =>
      (await load()).getToken(scopes, options),
  };
}

/** Telemetry, when there is somewhere to send it. */
export async function createTelemetry(
  config: Config,
  credential: TokenCredential,
): Promise<Telemetry> {
  const connectionString = config.APPLICATIONINSIGHTS_CONNECTION_STRING;
  if (connectionString === undefined) return noTelemetry;
  const { createApplicationInsights } =
    await import("../shared/telemetry/adapters/application-insights.ts");
  const signIn = config.APPLICATIONINSIGHTS_AUTHENTICATION_STRING ?? "";
  return createApplicationInsights({
    connectionString,
    ...(/(^|;)\s*Authorization\s*=\s*AAD/i.test(signIn) && { credential }),
  });
}

export function createMessages(
  config: Config,
  credential: TokenCredential,
): MessageSender {
  const load = once(async () => {
    const { createServiceBusSender } =
      await import("../shared/messages/adapters/service-bus.ts");
    return createServiceBusSender(toConnection(config, credential));
  });
  let isUsed = false;
  const sender = (): Promise<MessageSender> => {
    isUsed = true;
    return load();
  };
  return {
    send: async (channel, message) => (await sender()).send(channel, message),
    ping: async () => (await sender()).ping(),
    close: async () => {
      if (isUsed) await (await load()).close();
    },
  };
}

/** Looks after the app's queues; loaded only when somebody asks. */
export async function createMessageAdministration(
  config: Config,
  credential: TokenCredential,
): Promise<MessageAdministration> {
  const { createServiceBusAdministration } =
    await import("../shared/messages/adapters/service-bus-administration.ts");
  return createServiceBusAdministration({
    connection: toConnection(config, credential),
    queues: queues.map(({ name }) => name),
  });
}

function toConnection(config: Config, credential: TokenCredential) {
  const {
    ServiceBusConnection: connectionString,
    ServiceBusConnection__customEndpointAddress: customEndpointAddress,
  } = config;
  if (connectionString !== undefined) return { connectionString };
  return {
    fullyQualifiedNamespace: needed(
      config,
      "ServiceBusConnection__fullyQualifiedNamespace",
    ),
    credential,
    ...(customEndpointAddress !== undefined && { customEndpointAddress }),
  };
}

export function createModel(
  config: Config,
  options: { readonly credential: TokenCredential; readonly secrets: Secrets },
): PersonaModel {
  switch (config.MODEL) {
    case "extractive":
      return createExtractiveModel();
    case "openai-compatible":
      return createLazyModel(config, async () => {
        const { createOpenAiCompatibleModel } =
          await import("../shared/personas/adapters/openai-compatible.ts");
        return createOpenAiCompatibleModel({
          baseUrl: needed(config, "MODEL_BASE_URL"),
          apiKey: toModelKey(config, options.secrets),
          model: needed(config, "MODEL_NAME"),
          timeoutMs: config.MODEL_TIMEOUT_MS,
        });
      });
    case "azure-openai":
      return createLazyModel(config, async () => {
        const { createAzureOpenAiModel } =
          await import("../shared/personas/adapters/azure-openai.ts");
        return createAzureOpenAiModel({
          endpoint: needed(config, "AZURE_OPENAI_ENDPOINT"),
          deployment: needed(config, "MODEL_NAME"),
          credential: options.credential,
          timeoutMs: config.MODEL_TIMEOUT_MS,
        });
      });
    default:
      return config.MODEL satisfies never;
  }
}

function createLazyModel(
  config: Config,
  create: () => Promise<BoundedPersonaModel>,
): PersonaModel {
  const load = once(create);
  return {
    name: needed(config, "MODEL_NAME"),
    measure: async (request) => (await load()).measure(request),
    answer: async (request, signal) => (await load()).answer(request, signal),
  };
}

/** The key as it is set, or its current version in the secrets' store, asked for with each call. */
function toModelKey(config: Config, secrets: Secrets) {
  const name = config.MODEL_API_KEY_SECRET;
  if (name === undefined) return config.MODEL_API_KEY;
  return () => readSecret(secrets, name);
}

/** @throws NucleusError configuration_invalid when there is no such secret */
async function readSecret(secrets: Secrets, name: string): Promise<string> {
  const found = await secrets.get(name);
  if (found === undefined) throw new NucleusError("configuration_invalid");
  return found.value.revealText();
}

export interface ProviderOptions {
  readonly client: SafeClient;
  readonly credential: TokenCredential;
  readonly secrets: Secrets;
  readonly now: Now;
}

/** The providers that are configured, by the reference type that each handles. */
export function createProviders(
  config: Config,
  options: ProviderOptions,
): ReadonlyMap<string, ArtifactProvider> {
  const providers = [
    createHttpsProvider(options),
    ...(config.ARTIFACT_ROOT === ""
      ? []
      : [
          createFileProvider({
            root: config.ARTIFACT_ROOT,
            except: config.DATA_DIR === undefined ? [] : [config.DATA_DIR],
          }),
        ]),
    ...(config.ARTIFACT_BLOB_SOURCES === ""
      ? []
      : [createBlobProvider(config, options)]),
    ...(config.GRAPH_CLIENT_ID === undefined
      ? []
      : [createGraphProvider(config, config.GRAPH_CLIENT_ID, options)]),
  ];
  return new Map(
    providers.map((provider) => [provider.referenceType, provider]),
  );
}

function createLazyProvider(
  referenceType: string,
  create: () => Promise<ArtifactProvider>,
): ArtifactProvider {
  const load = once(create);
  return {
    referenceType,
    open: async (request) => (await load()).open(request),
  };
}

function createBlobProvider(
  config: Config,
  { credential }: ProviderOptions,
): ArtifactProvider {
  const sources = setting("ARTIFACT_BLOB_SOURCES", () =>
    parseBlobSources(config.ARTIFACT_BLOB_SOURCES),
  );
  return createLazyProvider("azure-blob", async () => {
    const { createAzureBlobProvider } =
      await import("../shared/artifacts/adapters/azure-blob.ts");
    return createAzureBlobProvider({ sources, credential });
  });
}

function createGraphProvider(
  config: Config,
  clientId: string,
  { client, credential, secrets, now }: ProviderOptions,
): ArtifactProvider {
  return createLazyProvider("microsoft-graph", async () => {
    const [{ createMicrosoftGraphProvider }, { createGraphCredentials }] =
      await Promise.all([
        import("../shared/artifacts/adapters/microsoft-graph.ts"),
        import("../shared/artifacts/adapters/microsoft-graph-credentials.ts"),
      ]);
    const name = config.GRAPH_CLIENT_SECRET_NAME;
    const authorityHost = config.AZURE_AUTHORITY_HOST;
    return createMicrosoftGraphProvider({
      client,
      now,
      graphEndpoint: new URL(config.GRAPH_ENDPOINT).origin,
      scope: config.GRAPH_SCOPE,
      credentialFor: createGraphCredentials({
        clientId,
        proof:
          name === undefined
            ? { assertion: credential }
            : {
                secret: await readSecret(secrets, name),
              },
        ...(authorityHost !== undefined && { authorityHost }),
      }),
    });
  });
}
