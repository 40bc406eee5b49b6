import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createStepRunner } from "../activities/run-step.ts";
import { createFileProvider } from "../shared/artifacts/adapters/file.ts";
import { createHttpsProvider } from "../shared/artifacts/adapters/https.ts";
import type { ArtifactProvider } from "../shared/artifacts/artifact-provider.ts";
import { createTokenVerifier } from "../shared/auth/token-verifier.ts";
import { egressObservers } from "../shared/egress/egress-observers.ts";
import { parseEgressAllow } from "../shared/egress/egress-policy.ts";
import { createSafeClient } from "../shared/egress/safe-client.ts";
import { createChildProcessExtractor } from "../shared/extraction/adapters/child-process.ts";
import { createAcceptInteraction } from "../shared/interactions/accept-interaction.ts";
import { createCheckInteraction } from "../shared/interactions/check-interaction.ts";
import { createReservations } from "../shared/interactions/idempotency.ts";
import { createActiveJobs } from "../shared/jobs/active-jobs.ts";
import { createFinishJob } from "../shared/jobs/finish-job.ts";
import { createJobRecords } from "../shared/jobs/job-records.ts";
import { createReadJob } from "../shared/jobs/read-job.ts";
import { createSweep } from "../shared/jobs/sweep.ts";
import { systemNow } from "../shared/kernel/clock.ts";
import { type Config, ConfigurationError } from "../shared/kernel/config.ts";
import { createLogger } from "../shared/kernel/log.ts";
import { Tag } from "../shared/kernel/metadata.ts";
import { createServiceBusSender } from "../shared/messages/adapters/service-bus.ts";
import { createExtractiveModel } from "../shared/personas/adapters/extractive.ts";
import { loadPersonas } from "../shared/personas/load-personas.ts";
import { PersonaInvalid } from "../shared/personas/persona.ts";
import type { PersonaModel } from "../shared/personas/persona-model.ts";
import { createAssembleResult } from "../shared/results/assemble-result.ts";
import { createContentSafe } from "../shared/vault/content-safe.ts";
import { createTenantHasher } from "../shared/vault/tenant-hash.ts";
import { createDeliverer } from "../shared/webhooks/deliver.ts";
import { createDeliveries } from "../shared/webhooks/deliveries.ts";
import { createDeliveryRecords } from "../shared/webhooks/delivery-records.ts";
import { ServiceUrl } from "../shared/webhooks/event.ts";
import { createResultTickets } from "../shared/webhooks/result-tickets.ts";
import {
  parseWebhookSchedule,
  type WebhookSchedule,
} from "../shared/webhooks/schedule.ts";
import { createSigningSecrets } from "../shared/webhooks/signing-secrets.ts";
import { createSubscriptions } from "../shared/webhooks/subscriptions.ts";
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
  const { store, vault, keys, secrets } = openStores(config, now);
  const safe = createContentSafe({ vault, keys, secrets, now });
  const hasher = createTenantHasher({ secrets });
  refuseEgressObservers();
  const client = createSafeClient({
    allow: setting("EGRESS_ALLOW", () => parseEgressAllow(config.EGRESS_ALLOW)),
  });
  const messages = createServiceBusSender({
    connectionString: config.ServiceBusConnection,
  });
  const serviceUrl = setting("PUBLIC_URL", () =>
    ServiceUrl.parse(config.PUBLIC_URL),
  );
  const personas = setting("PERSONA_DIR", () =>
    loadPersonas(resolve(files.root, config.PERSONA_DIR)),
  );
  const extractor = createChildProcessExtractor({
    childModule: files.extractionChild,
    timeoutMs: config.EXTRACTION_TIMEOUT_MS,
    maxInputBytes: config.ARTIFACT_MAX_BYTES,
    maxUnpackedBytes,
    maxRssBytes: maxChildRssBytes,
    maxChildren: config.EXTRACTION_MAX_CHILDREN,
  });
  const providers = createProviders(
    config,
    createHttpsProvider({ client, now }),
  );

  const records = createJobRecords({ store, now });
  const active = createActiveJobs({ store, now });
  const jobs = createReadJob({ store, records });
  const steps = createStepRunner({ records, log, now, sleep });
  const signing = createSigningSecrets({ secrets, now });
  const subscriptions = createSubscriptions({ store, safe, signing, now });
  const deliveryRecords = createDeliveryRecords(store);
  const tickets = createResultTickets({ store, now });
  const deliveries = createDeliveries({
    records: deliveryRecords,
    jobs: records,
    subscriptions,
    signing,
    tickets,
    safe,
    messages,
    deliverer: createDeliverer({
      client,
      now,
      timeoutMs: config.WEBHOOK_TIMEOUT_MS,
    }),
    schedule: setting("WEBHOOK_SCHEDULE", () => toSchedule(config)),
    attemptLeaseMs: leaseFactor * config.WEBHOOK_TIMEOUT_MS,
    serviceUrl,
    log,
    now,
    random: Math.random,
  });
  const finishJob = createFinishJob({
    store,
    records,
    active,
    safe,
    subscriptions,
    deliveries,
    assembleResult: createAssembleResult({ store, safe }),
    resultTtlMs: config.RESULT_TTL_SECONDS * 1000,
    log,
    now,
  });

  return {
    now,
    log,
    store,
    vault,
    keys,
    secrets,
    safe,
    hasher,
    messages,
    serviceUrl,
    personas,
    providers,
    extractor,
    model: createModel(config),
    records,
    jobs,
    steps,
    signing,
    subscriptions,
    deliveryRecords,
    tickets,
    deliveries,
    finishJob,
    verifier: createTokenVerifier({
      issuer: config.AUTH_ISSUER,
      audience: config.AUTH_AUDIENCE,
      jwks: config.AUTH_JWKS,
    }),
    isAllowedUrl: client.isAllowed,
    accept: createAcceptInteraction({
      store,
      records,
      active,
      safe,
      hasher,
      reservations: createReservations({
        store,
        hasher,
        now,
        ttlSeconds: config.IDEMPOTENCY_TTL_SECONDS,
      }),
      log,
      now,
      jobTimeoutMs: config.JOB_TIMEOUT_SECONDS * 1000,
      resultTtlMs: config.RESULT_TTL_SECONDS * 1000,
    }),
    check: createCheckInteraction({
      personas,
      defaultPersona: Tag.parse("analyst"),
      referenceTypes: [...providers.keys()],
      isAllowedUrl: client.isAllowed,
    }),
    sweep: createSweep({ records, active, safe, finishJob, log, now }),
    async close() {
      await Promise.all([extractor.close(), messages.close(), client.close()]);
      await Promise.all([store.close(), keys.close()]);
    },
  };
}

export type Services = ReturnType<typeof createServices>;

function createProviders(
  config: Config,
  https: ArtifactProvider,
): ReadonlyMap<string, ArtifactProvider> {
  const providers =
    config.ARTIFACT_ROOT === ""
      ? [https]
      : [
          https,
          createFileProvider({
            root: config.ARTIFACT_ROOT,
            except: [config.DATA_DIR],
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

function toSchedule(config: Config): WebhookSchedule {
  return parseWebhookSchedule(config.WEBHOOK_SCHEDULE);
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
