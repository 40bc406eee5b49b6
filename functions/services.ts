import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createFileProvider } from "../shared/artifacts/adapters/file.ts";
import { createHttpsProvider } from "../shared/artifacts/adapters/https.ts";
import type { ArtifactProvider } from "../shared/artifacts/artifact-provider.ts";
import { createTokenVerifier } from "../shared/auth/token-verifier.ts";
import { egressObservers } from "../shared/egress/egress-observers.ts";
import { parseEgressAllow } from "../shared/egress/egress-policy.ts";
import {
  createSafeClient,
  type SafeClient,
} from "../shared/egress/safe-client.ts";
import { createChildProcessExtractor } from "../shared/extraction/adapters/child-process.ts";
import type { ContentExtractor } from "../shared/extraction/extractor.ts";
import { createCheckInteraction } from "../shared/interactions/check-interaction.ts";
import { type Now, systemNow } from "../shared/kernel/clock.ts";
import {
  type Config,
  ConfigurationError,
  needed,
} from "../shared/kernel/config.ts";
import { createLogger } from "../shared/kernel/log.ts";
import { Tag } from "../shared/kernel/metadata.ts";
import { createExtractiveModel } from "../shared/personas/adapters/extractive.ts";
import { loadPersonas } from "../shared/personas/load-personas.ts";
import { PersonaInvalid } from "../shared/personas/persona.ts";
import type { MessageSender } from "../shared/messages/message-sender.ts";
import type { PersonaModel } from "../shared/personas/persona-model.ts";
import { createDeliverer } from "../shared/webhooks/deliver.ts";
import { ServiceUrl } from "../shared/webhooks/event.ts";
import { parseWebhookSchedule } from "../shared/webhooks/schedule.ts";
import { createDomain, type DomainSettings } from "./domain.ts";
import { openStores } from "./stores.ts";

const maxChildRssBytes = 400 * 1024 * 1024;
const maxUnpackedBytes = 100 * 1024 * 1024;
/** An attempt's time limit does not count its answer's way into the store, nor a machine that is busy. */
const leaseFactor = 4;

/** Where the app's files lie, as the build lays them out. */
export interface AppFiles {
  readonly root: string;
  readonly extractionChild: URL;
}

/** Builds everything from the settings: the one place where ports meet their adapters. */
export function createServices(config: Config, files: AppFiles) {
  const now = systemNow;
  const log = createLogger((line) => console.log(line), now);
  const stores = openStores(config, now);
  refuseEgressObservers();
  const client = createSafeClient({
    allow: setting("EGRESS_ALLOW", () => parseEgressAllow(config.EGRESS_ALLOW)),
  });
  const messages = createMessages(config);
  const timeoutMs = config.WEBHOOK_TIMEOUT_MS;
  const deliverer = createDeliverer({ client, now, timeoutMs });
  const settings = toDomainSettings(config);
  const domain = createDomain(
    { ...stores, messages, deliverer, log, now, sleep, random: Math.random },
    settings,
  );
  const personas = setting("PERSONA_DIR", () =>
    loadPersonas(resolve(files.root, config.PERSONA_DIR)),
  );
  const providers = createProviders(config, client, now);
  const extractor = createExtractor(config, files);

  return {
    ...stores,
    ...domain,
    messages,
    serviceUrl: settings.serviceUrl,
    personas,
    providers,
    extractor,
    maxBytes: config.ARTIFACT_MAX_BYTES,
    model: createModel(config),
    verifier: createTokenVerifier({
      issuer: config.AUTH_ISSUER,
      audience: config.AUTH_AUDIENCE,
      jwks: needed(config, "AUTH_JWKS"),
    }),
    isAllowedUrl: client.isAllowed,
    check: createCheckInteraction({
      personas,
      defaultPersona: Tag.parse("analyst"),
      referenceTypes: [...providers.keys()],
      isAllowedUrl: client.isAllowed,
    }),
    async close() {
      await Promise.all([extractor.close(), messages.close(), client.close()]);
      await Promise.all([stores.store.close(), stores.keys.close()]);
    },
  };
}

function toDomainSettings(config: Config): DomainSettings {
  return {
    serviceUrl: setting("PUBLIC_URL", () =>
      ServiceUrl.parse(config.PUBLIC_URL),
    ),
    schedule: setting("WEBHOOK_SCHEDULE", () =>
      parseWebhookSchedule(config.WEBHOOK_SCHEDULE),
    ),
    attemptLeaseMs: leaseFactor * config.WEBHOOK_TIMEOUT_MS,
    jobTimeoutMs: config.JOB_TIMEOUT_SECONDS * 1000,
    resultTtlMs: config.RESULT_TTL_SECONDS * 1000,
    idempotencyTtlSeconds: config.IDEMPOTENCY_TTL_SECONDS,
  };
}

function createExtractor(config: Config, files: AppFiles): ContentExtractor {
  return createChildProcessExtractor({
    childModule: files.extractionChild,
    timeoutMs: config.EXTRACTION_TIMEOUT_MS,
    maxInputBytes: config.ARTIFACT_MAX_BYTES,
    maxUnpackedBytes,
    maxRssBytes: maxChildRssBytes,
    maxChildren: config.EXTRACTION_MAX_CHILDREN,
  });
}

function createProviders(
  config: Config,
  client: SafeClient,
  now: Now,
): ReadonlyMap<string, ArtifactProvider> {
  const https = createHttpsProvider({ client, now });
  const providers =
    config.ARTIFACT_ROOT === ""
      ? [https]
      : [
          https,
          createFileProvider({
            root: config.ARTIFACT_ROOT,
            except: config.DATA_DIR === undefined ? [] : [config.DATA_DIR],
          }),
        ];
  return new Map(
    providers.map((provider) => [provider.referenceType, provider]),
  );
}

/** The model's client is loaded with its first call: it is heavy, and a cold start must not wait for it. */
function createModel(config: Config): PersonaModel {
  const { MODEL_BASE_URL, MODEL_NAME } = config;
  if (
    config.MODEL === "extractive" ||
    MODEL_BASE_URL === undefined ||
    MODEL_NAME === undefined
  )
    return createExtractiveModel();
  let model: Promise<PersonaModel> | undefined;
  return {
    name: MODEL_NAME,
    async answer(request, signal) {
      model ??= import("../shared/personas/adapters/openai-compatible.ts").then(
        ({ createOpenAiCompatibleModel }) =>
          createOpenAiCompatibleModel({
            baseUrl: MODEL_BASE_URL,
            apiKey: config.MODEL_API_KEY,
            model: MODEL_NAME,
            timeoutMs: config.MODEL_TIMEOUT_MS,
          }),
      );
      return (await model).answer(request, signal);
    },
  };
}

/** The Service Bus client is loaded with the first message, for the same reason. */
function createMessages(config: Config): MessageSender {
  let sender: Promise<MessageSender> | undefined;
  const load = (): Promise<MessageSender> =>
    (sender ??= import("../shared/messages/adapters/service-bus.ts").then(
      ({ createServiceBusSender }) =>
        createServiceBusSender({
          connectionString: needed(config, "ServiceBusConnection"),
        }),
    ));
  return {
    send: async (channel, message) => (await load()).send(channel, message),
    ping: async () => (await load()).ping(),
    close: async () => (await sender)?.close(),
  };
}

/** Artifact and callback URLs are content: nothing in this process may watch outgoing calls. */
function refuseEgressObservers(): void {
  const [observed] = egressObservers();
  if (observed !== undefined)
    throw new ConfigurationError(
      `Something listens to outgoing calls (${observed}) and would see content. Remove undici from NODE_DEBUG, or the instrumentation that does it.`,
    );
}

/** Names the setting in what its parser says of it. */
function setting<T>(name: string, parse: () => T): T {
  try {
    return parse();
  } catch (thrown) {
    const isExplained =
      thrown instanceof RangeError || thrown instanceof PersonaInvalid;
    const reason = isExplained ? thrown.message : "malformed";
    throw new ConfigurationError(
      `Setting ${name}: ${reason}. See docs/configuration.md.`,
    );
  }
}
