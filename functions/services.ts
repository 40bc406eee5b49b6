import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createTokenVerifier } from "../shared/auth/token-verifier.ts";
import {
  createTenantBudget,
  type TenantBudget,
} from "../shared/costs/tenant-budget.ts";
import { createEstimateInteraction } from "../shared/costs/estimate-interaction.ts";
import { egressObservers } from "../shared/egress/egress-observers.ts";
import { parseEgressAllow } from "../shared/egress/egress-policy.ts";
import { createSafeClient } from "../shared/egress/safe-client.ts";
import { createChildProcessExtractor } from "../shared/extraction/adapters/child-process.ts";
import type { ContentExtractor } from "../shared/extraction/extractor.ts";
import { createCheckInteraction } from "../shared/interactions/check-interaction.ts";
import { systemNow } from "../shared/kernel/clock.ts";
import {
  type Config,
  ConfigurationError,
  needed,
  readEnvironment,
} from "../shared/kernel/config.ts";
import { createLogger } from "../shared/kernel/log.ts";
import { loadPersonas } from "../shared/personas/load-personas.ts";
import type { PersonaDefinition } from "../shared/personas/persona.ts";
import { findUnpriced } from "../shared/personas/model-budget.ts";
import {
  type ModelPrices,
  parseModelPrices,
  withCosts,
} from "../shared/personas/model-prices.ts";
import { withPersonaRules } from "../shared/personas/with-persona-rules.ts";
import { createEventSink } from "../shared/telemetry/create-event-sink.ts";
import { createDeliverer } from "../shared/webhooks/deliver.ts";
import { ServiceUrl } from "../shared/webhooks/event.ts";
import { parseWebhookSchedule } from "../shared/webhooks/schedule.ts";
import {
  createIdentity,
  createMessages,
  createModel,
  createProviders,
  createTelemetry,
} from "./clients.ts";
import { createDomain, type DomainSettings } from "./domain.ts";
import { toOcrOptions } from "./ocr-options.ts";
import { setting } from "./setting.ts";
import { openStores } from "./stores.ts";
import { traced } from "./traced.ts";

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
export async function createServices(config: Config, files: AppFiles) {
  const now = systemNow;
  const { random } = Math;
  const credential = createIdentity(config);
  const [telemetry, stores] = await Promise.all([
    createTelemetry(config, credential),
    openStores({ config, credential, now, sleep, random }),
  ]);
  refuseOnlookers();
  const log = createLogger(
    (line) => console.log(line),
    now,
    createEventSink(telemetry),
  );
  const client = createSafeClient({
    allow: setting("EGRESS_ALLOW", () => parseEgressAllow(config.EGRESS_ALLOW)),
  });
  const { secrets } = stores;
  const prices = setting("MODEL_PRICES", () =>
    parseModelPrices(config.MODEL_PRICES),
  );
  const timeoutMs = config.WEBHOOK_TIMEOUT_MS;
  const ports = traced(telemetry, config.MODEL, {
    ...stores,
    messages: createMessages(config, credential),
    deliverer: createDeliverer({ client, now, timeoutMs }),
    model: withCosts(createModel(config, { credential, secrets }), prices),
    providers: createProviders(config, { client, credential, secrets, now }),
  });
  const settings = toDomainSettings(config);
  const domain = createDomain(
    { ...ports, log, now, sleep, random, telemetry },
    settings,
  );
  const personas = setting("PERSONA_DIR", () =>
    openPersonas(config, files, prices),
  );
  const extractor = createExtractor(config, files);
  const tenantBudget = openTenantBudget(config, { store: stores.store, now });
  const model = withPersonaRules(ports.model, prices, { tenantBudget });

  return {
    ...ports,
    ...domain,
    telemetry,
    credential,
    serviceUrl: settings.serviceUrl,
    personas,
    model,
    tenantBudget,
    estimate: createEstimateInteraction({
      model,
      prices,
      maxArtifactBytes: config.ARTIFACT_MAX_BYTES,
    }),
    extractor,
    maxBytes: config.ARTIFACT_MAX_BYTES,
    verifier: createTokenVerifier({
      issuer: config.AUTH_ISSUER,
      audience: listOf(config.AUTH_AUDIENCE),
      jwks: config.AUTH_JWKS,
      tenants: listOf(config.AUTH_TENANTS),
      delegatedScope: config.AUTH_DELEGATED_SCOPE,
    }),
    isAllowedUrl: client.isAllowed,
    check: createCheckInteraction({
      personas,
      referenceTypes: [...ports.providers.keys()],
      isAllowedUrl: client.isAllowed,
    }),
    async close() {
      await Promise.all([
        extractor.close(),
        ports.messages.close(),
        client.close(),
      ]);
      await Promise.all([stores.store.close(), stores.keys.close()]);
      await telemetry.close();
    },
  };
}

/** Where a limit is set, and the model costs anything. */
function openTenantBudget(
  config: Config,
  ports: Pick<Parameters<typeof createTenantBudget>[0], "store" | "now">,
): TenantBudget | undefined {
  const { TENANT_DAILY_TOKENS: tokens, TENANT_DAILY_COST_USD: costUsd } =
    config;
  const isLimited = tokens > 0 || costUsd > 0;
  if (!isLimited || config.MODEL === "extractive") return undefined;
  const limits = {
    tokens: tokens || Infinity,
    costMicroUsd: costUsd * 1e6 || Infinity,
  };
  return createTenantBudget({ ...ports, limits });
}

/** @throws RangeError when a persona's cost budget could not be kept, PersonaInvalid when a file is not usable */
function openPersonas(config: Config, files: AppFiles, prices: ModelPrices) {
  const folders = listOf(config.PERSONA_DIR);
  const personas = loadPersonas(
    ...folders.map((folder) => resolve(files.root, folder)),
  );
  // The extractive model costs nothing.
  const unpriced =
    config.MODEL === "extractive"
      ? undefined
      : findUnpriced(
          config.TENANT_DAILY_COST_USD > 0
            ? [...personas.values()].map(withCostBudget)
            : personas.values(),
          prices,
          needed(config, "MODEL_NAME"),
        );
  if (unpriced !== undefined)
    throw new RangeError(
      `${unpriced.personaId} has a budget in dollars, and MODEL_PRICES has no price of ${unpriced.model}`,
    );
  return personas;
}

/** Where tenants pay in dollars, every persona does. */
function withCostBudget(persona: PersonaDefinition): PersonaDefinition {
  const budget = { maxCostUsd: Infinity, ...persona.model.budget };
  return { ...persona, model: { ...persona.model, budget } };
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
  const ocr = toOcrOptions(config, files.root);
  return createChildProcessExtractor({
    childModule: files.extractionChild,
    timeoutMs: config.EXTRACTION_TIMEOUT_MS,
    maxInputBytes: config.ARTIFACT_MAX_BYTES,
    maxUnpackedBytes,
    maxRssBytes: maxChildRssBytes,
    // This process' share: the machine's memory is not one worker's.
    maxChildren: Math.max(
      1,
      Math.floor(
        config.EXTRACTION_MAX_CHILDREN / config.FUNCTIONS_WORKER_PROCESS_COUNT,
      ),
    ),
    ...(ocr && { ocr }),
  });
}

/** Artifact and callback URLs are content: nothing in this process may watch outgoing calls. */
function refuseOnlookers(): void {
  if ((readEnvironment()["AZURE_LOG_LEVEL"] ?? "") !== "")
    throw new ConfigurationError(
      "Setting AZURE_LOG_LEVEL: Azure's client libraries would log addresses of artifacts, which are content. Remove it.",
    );
  const [observed] = egressObservers();
  if (observed !== undefined)
    throw new ConfigurationError(
      `Something listens to outgoing calls (${observed}) and would see content. Remove undici from NODE_DEBUG, or the instrumentation that does it.`,
    );
}

/** The entries of a comma list. */
function listOf(text: string): string[] {
  return text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}
