import { join } from "node:path";
import { onTestFinished } from "vitest";
import { createConcludeOpinion } from "../../activities/conclude-opinion.ts";
import { createExtractContent } from "../../activities/extract-content.ts";
import { createFinishJobActivity } from "../../activities/finish-job.ts";
import { createFormOpinion } from "../../activities/form-opinion.ts";
import { createInvokePersona } from "../../activities/invoke-persona.ts";
import { createKeepOutcome } from "../../activities/keep-outcome.ts";
import { createLoadPlan } from "../../activities/load-plan.ts";
import { createOpenOpinion } from "../../activities/open-opinion.ts";
import { createReadPart } from "../../activities/read-part.ts";
import { createRetrieveArtifact } from "../../activities/retrieve-artifact.ts";
import { createStoreMetadata } from "../../activities/store-metadata.ts";
import type { Principal, Role } from "../../shared/auth/principal.ts";
import { createSqliteDocumentStore } from "../../shared/documents/adapters/sqlite.ts";
import { indexes, kinds } from "../../shared/documents/kinds.ts";
import { toActivityHandler } from "../../shared/durable/contract.ts";
import { InteractionRequest } from "../../shared/interactions/interaction-request.ts";
import type { JobKey } from "../../shared/jobs/job-records.ts";
import { createDomain } from "../../functions/domain.ts";
import { createLogger, type Logger } from "../../shared/kernel/log.ts";
import { Tag } from "../../shared/kernel/metadata.ts";
import { createFileSecrets } from "../../shared/vault/adapters/file.ts";
import { createFolderContentVault } from "../../shared/vault/adapters/folder.ts";
import { createSqliteKeyStore } from "../../shared/vault/adapters/sqlite.ts";
import { ServiceUrl } from "../../shared/webhooks/event.ts";
import * as contracts from "../../shared/workflow/contracts.ts";
import { aPersona } from "../shared/personas/persona-builders.ts";
import type { Crash } from "./crash.ts";
import {
  createFakeDeliverer,
  createFakeExtractor,
  createFakeModel,
  createFakeProvider,
  createFakeQueue,
  createFakeRunner,
} from "./fake-ports.ts";
import { createManualClock } from "./manual-clock.ts";
import { createTempFolder } from "./temp-folder.ts";

export const tag = (text: string): Tag => Tag.parse(text);
export const jobTimeoutMs = 3_600_000;
export const resultTtlMs = 24 * 3_600_000;

/** Every port of the app's core: the stores of one machine in a temporary folder, and fakes for what is outside. */
export function openPorts() {
  const home = createTempFolder();
  const clock = createManualClock();
  const { now } = clock;
  const store = createSqliteDocumentStore({
    file: join(home, "documents.db"),
    kinds,
    indexes,
    now,
  });
  const keys = createSqliteKeyStore({ file: join(home, "keys.db"), now });
  onTestFinished(async () => {
    await store.close();
    await keys.close();
  });
  const logLines: string[] = [];
  return {
    home,
    clock,
    logLines,
    store,
    keys,
    vault: createFolderContentVault({ folder: join(home, "vault"), now }),
    secrets: createFileSecrets({ folder: join(home, "secrets") }),
    runner: createFakeRunner(),
    messages: createFakeQueue(now),
    deliverer: createFakeDeliverer(),
    provider: createFakeProvider(),
    extractor: createFakeExtractor(),
    model: createFakeModel(),
  };
}
export type Ports = ReturnType<typeof openPorts>;

/** The ports as a process sees them that dies at its n-th call of any of them. */
export function wrapPorts(ports: Ports, crash: Crash): Ports {
  const { home, clock, logLines, ...rest } = ports;
  const wrapped = Object.fromEntries(
    Object.entries(rest).map(([name, port]) => [name, crash.wrap(port)]),
  ) as typeof rest;
  return { home, clock, logLines, ...wrapped };
}

/** One process's services over its ports, put together as the composition root does. */
export function createCore(ports: Ports, onEvent?: Logger["event"]) {
  const { now } = ports.clock;
  const log = createLogger((line) => ports.logLines.push(line), now, onEvent);
  const slept: number[] = [];
  const domain = createDomain(
    {
      ...ports,
      log,
      now,
      sleep: async (ms) => slept.push(ms),
      random: () => 0.5,
    },
    {
      schedule: [0, 5, 300],
      attemptLeaseMs: 60_000,
      serviceUrl: ServiceUrl.parse("https://nucleus.example"),
      jobTimeoutMs,
      resultTtlMs,
      idempotencyTtlSeconds: 24 * 3600,
    },
  );
  const providers = new Map([[ports.provider.referenceType, ports.provider]]);
  const personas = new Map(
    ["analyst", "critic"].map((id) => [
      id,
      aPersona({
        personaId: id,
        ...(id === "analyst" && { activation: { when: [{}] } }),
      }),
    ]),
  );
  const activities = {
    loadPlan: toActivityHandler(contracts.loadPlan, createLoadPlan(domain)),
    retrieve: toActivityHandler(
      contracts.retrieveArtifact,
      createRetrieveArtifact({ ...domain, providers, maxBytes: 1e6 }),
    ),
    extract: toActivityHandler(
      contracts.extractContent,
      createExtractContent({ ...domain, extractor: ports.extractor }),
    ),
    persona: toActivityHandler(
      contracts.invokePersona,
      createInvokePersona({ ...domain, personas, model: ports.model }),
    ),
    opinion: toActivityHandler(
      contracts.formOpinion,
      createFormOpinion({ ...domain, personas, model: ports.model }),
    ),
    open: toActivityHandler(
      contracts.openOpinion,
      createOpenOpinion({ ...domain, personas, model: ports.model }),
    ),
    read: toActivityHandler(
      contracts.readPart,
      createReadPart({ ...domain, personas, model: ports.model }),
    ),
    conclude: toActivityHandler(
      contracts.concludeOpinion,
      createConcludeOpinion({ ...domain, personas, model: ports.model }),
    ),
    outcome: toActivityHandler(
      contracts.keepOutcome,
      createKeepOutcome({ ...domain, personas }),
    ),
    store: toActivityHandler(
      contracts.storeMetadata,
      createStoreMetadata(domain),
    ),
    finish: toActivityHandler(
      contracts.finishJob,
      createFinishJobActivity(domain),
    ),
  };
  return { ...domain, activities, slept, personas };
}
export type Core = ReturnType<typeof createCore>;

export function aPrincipal(
  overrides: {
    readonly tenantId?: string;
    readonly appId?: string;
    readonly roles?: readonly Role[];
  } = {},
): Principal {
  return {
    tenantId: tag(overrides.tenantId ?? "t1"),
    appId: tag(overrides.appId ?? "app-1"),
    userId: tag("u1"),
    roles: overrides.roles ?? ["adapter"],
  };
}

/** An interaction with this many artifacts of the fake provider. */
export function anInteraction(
  overrides: Readonly<Record<string, unknown>> & {
    readonly artifacts?: number;
  } = {},
): InteractionRequest {
  const { artifacts = 0, ...fields } = overrides;
  return InteractionRequest.parse({
    platformType: "Test",
    conversationId: "c1",
    userId: "u1",
    queryText: "What does it say?",
    artifactReferences: Array.from({ length: artifacts }, (_, index) => ({
      referenceId: `document-${index}`,
      referenceType: "test",
      sourceUri: `source-${index}`,
    })),
    ...fields,
  });
}

interface Posted {
  readonly principal?: Principal;
  readonly request?: InteractionRequest;
  readonly key?: string;
  readonly personaIds?: readonly string[];
}

/** An accepted interaction's job. */
export async function acceptJob(
  core: Core,
  ports: Ports,
  options?: Posted,
): Promise<JobKey> {
  const { tenantId, jobId } = await submit(core, ports, options);
  return { tenantId, jobId };
}

/** Posts an interaction, as an adapter does. */
export async function submit(core: Core, ports: Ports, options: Posted = {}) {
  const principal = options.principal ?? aPrincipal();
  const { jobId, isReplay } = await core.accept(
    {
      principal,
      request: options.request ?? anInteraction(),
      personas: (options.personaIds ?? ["analyst"]).flatMap(
        (id) => core.personas.get(id) ?? [],
      ),
      idempotencyKey: options.key,
      traceparent: undefined,
    },
    ports.runner,
  );
  return { tenantId: principal.tenantId, jobId, isReplay };
}
