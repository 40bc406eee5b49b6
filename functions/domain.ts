import { createStepRunner } from "../activities/run-step.ts";
import { createAcceptInteraction } from "../shared/interactions/accept-interaction.ts";
import { createReservations } from "../shared/interactions/idempotency.ts";
import { createActiveJobs } from "../shared/jobs/active-jobs.ts";
import { createFinishJob } from "../shared/jobs/finish-job.ts";
import { createJobRecords } from "../shared/jobs/job-records.ts";
import { createReadJob } from "../shared/jobs/read-job.ts";
import { createSweep } from "../shared/jobs/sweep.ts";
import type { Now } from "../shared/kernel/clock.ts";
import type { Logger } from "../shared/kernel/log.ts";
import type { MessageSender } from "../shared/messages/message-sender.ts";
import { createAssembleResult } from "../shared/results/assemble-result.ts";
import { createContentSafe } from "../shared/vault/content-safe.ts";
import { createKeyRotation } from "../shared/vault/rotate-keys.ts";
import { createTenantHasher } from "../shared/vault/tenant-hash.ts";
import { noTelemetry } from "../shared/telemetry/no-telemetry.ts";
import type { Telemetry } from "../shared/telemetry/telemetry.ts";
import type { Deliverer } from "../shared/webhooks/deliver.ts";
import { createDeliveries } from "../shared/webhooks/deliveries.ts";
import { createDeliveryRecords } from "../shared/webhooks/delivery-records.ts";
import type { ServiceUrl } from "../shared/webhooks/event.ts";
import { createResultTickets } from "../shared/webhooks/result-tickets.ts";
import type { WebhookSchedule } from "../shared/webhooks/schedule.ts";
import { createSigningSecrets } from "../shared/webhooks/signing-secrets.ts";
import { createSubscriptions } from "../shared/webhooks/subscriptions.ts";
import type { Stores } from "./stores.ts";

export interface DomainPorts extends Stores {
  readonly messages: MessageSender;
  readonly deliverer: Deliverer;
  readonly log: Logger;
  readonly now: Now;
  readonly sleep: (ms: number) => Promise<unknown>;
  readonly random: () => number;
  readonly telemetry?: Telemetry;
}

export interface DomainSettings {
  readonly serviceUrl: ServiceUrl;
  readonly schedule: WebhookSchedule;
  readonly attemptLeaseMs: number;
  readonly jobTimeoutMs: number;
  readonly resultTtlMs: number;
  readonly idempotencyTtlSeconds: number;
}

/** The app's domain over its ports: the same for production and for tests. */
export function createDomain(ports: DomainPorts, settings: DomainSettings) {
  const { store, vault, keys, secrets, log, now } = ports;
  const { telemetry = noTelemetry } = ports;
  const safe = createContentSafe({ vault, keys, secrets, now });
  const hasher = createTenantHasher({ secrets });
  const records = createJobRecords({ store, log, now });
  const active = createActiveJobs({ store, now });
  const signing = createSigningSecrets({ secrets, now });
  const subscriptions = createSubscriptions({ store, safe, signing, now });
  const deliveryRecords = createDeliveryRecords(store);
  const tickets = createResultTickets({ store, now });
  const deliveries = createDeliveries({
    ...ports,
    ...settings,
    records: deliveryRecords,
    jobs: records,
    subscriptions,
    signing,
    tickets,
    safe,
  });
  const common = { store, records, active, safe, log, now, telemetry };
  const finishJob = createFinishJob({
    ...common,
    ...settings,
    subscriptions,
    deliveries,
    assembleResult: createAssembleResult({ store, safe }),
  });
  const reservations = createReservations({
    store,
    hasher,
    now,
    ttlSeconds: settings.idempotencyTtlSeconds,
  });
  return {
    ...common,
    rotation: createKeyRotation(ports),
    reservations,
    hasher,
    signing,
    subscriptions,
    deliveryRecords,
    tickets,
    deliveries,
    finishJob,
    steps: createStepRunner({ ...ports, ...common }),
    jobs: createReadJob({ store, records }),
    accept: createAcceptInteraction({
      ...common,
      ...settings,
      hasher,
      reservations,
    }),
    sweep: createSweep({ ...common, finishJob }),
  };
}
