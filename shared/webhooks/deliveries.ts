import { type JobRecords } from "../jobs/job-records.ts";
import type { JobDocument, OutboxDocument } from "../jobs/documents.ts";
import { isTerminal } from "../jobs/job-status.ts";
import { InteractionRequest } from "../interactions/interaction-request.ts";
import type { Now } from "../kernel/clock.ts";
import { Content } from "../kernel/content.ts";
import { NucleusError, toNucleusError } from "../kernel/errors.ts";
import type { Logger } from "../kernel/log.ts";
import { type Tag, toIsoTime } from "../kernel/metadata.ts";
import type { MessageSender } from "../messages/message-sender.ts";
import { noTelemetry } from "../telemetry/no-telemetry.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { ContentSafe } from "../vault/content-safe.ts";
import type { AttemptResult, Deliverer } from "./deliver.ts";
import type { DeliveryMessage } from "./delivery-channel.ts";
import { createDeliveryMessages } from "./delivery-messages.ts";
import type { DeliveryKey, DeliveryRecords } from "./delivery-records.ts";
import {
  attemptsOfRound,
  newDelivery,
  type Transition,
} from "./delivery-state.ts";
import {
  jobEventContentType,
  jobEventTypes,
  type ServiceUrl,
  toJobEvent,
} from "./event.ts";
import { resultTicketHeader } from "./result-ticket.ts";
import type { ResultTickets } from "./result-tickets.ts";
import type { WebhookSchedule } from "./schedule.ts";
import { createEndAttempt } from "./end-attempt.ts";
import { signDelivery } from "./sign.ts";
import type { Signer, SigningSecrets } from "./signing-secrets.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** When to look again while the store does not answer. */
const outageMs = 30_000;

export interface DeliveriesOptions {
  readonly records: DeliveryRecords;
  readonly jobs: JobRecords;
  readonly subscriptions: Subscriptions;
  readonly signing: SigningSecrets;
  readonly tickets: ResultTickets;
  readonly safe: ContentSafe;
  readonly messages: MessageSender;
  readonly deliverer: Deliverer;
  readonly schedule: WebhookSchedule;
  /** How long a begun attempt is left alone: after it, it is taken to have died with its process, and made again. */
  readonly attemptLeaseMs: number;
  readonly serviceUrl: ServiceUrl;
  readonly log: Logger;
  readonly now: Now;
  readonly random: () => number;
  readonly telemetry?: Telemetry;
}

export interface Deliveries {
  /** Turns what a job's end committed into a delivery and its first message. May be repeated. */
  dispatch(
    job: JobDocument,
    tenantId: Tag,
    outbox: OutboxDocument,
  ): Promise<void>;
  /** Makes the attempt that a message asks for, and asks for the next one where needed. */
  attempt(message: DeliveryMessage): Promise<void>;
  /**
   * Sends an ended delivery once more, on a schedule that starts anew.
   *
   * @throws NucleusError not_found, delivery_not_redeliverable
   */
  redeliver(key: DeliveryKey): Promise<void>;
}

export function createDeliveries(options: DeliveriesOptions): Deliveries {
  const { records, jobs, now, telemetry = noTelemetry } = options;

  const { ask, askFirst, postpone } = createDeliveryMessages(options);

  const end = createEndAttempt({ ...options, ask });

  const begin = async (message: DeliveryMessage): Promise<Transition> => {
    const { attempt } = message;
    try {
      return await records.apply(message, {
        type: "begin",
        attempt,
        nowMs: now(),
        leaseMs: options.attemptLeaseMs,
      });
    } catch (thrown) {
      // A message that is abandoned comes back at once, and lands among the dead letters long before an outage ends.
      if (toNucleusError(thrown).code !== "store_unavailable") throw thrown;
      return { kind: "busy", untilMs: now() + outageMs };
    }
  };

  const run = async (message: DeliveryMessage, round: number) => {
    const { attempt } = message;
    const job = await jobs.read(message);
    if (job) telemetry.about({ correlationId: job.document.correlationId });
    const endpoint =
      job && (await findEndpoint(options, message, job.document));
    if (!job || !endpoint) {
      await records.apply(message, { type: "disable", attempt, nowMs: now() });
      return;
    }
    await end(
      message,
      round,
      await post(options, message, job.document, endpoint),
    );
  };

  return {
    async dispatch(job, tenantId, outbox) {
      const { deliveryId, webhookId } = outbox;
      const key = toKey(tenantId, job.jobId, deliveryId, webhookId);
      if (!isTerminal(job.status)) return;
      await records.create(key, {
        deliveryId,
        jobId: job.jobId,
        ...(webhookId !== undefined && { webhookId }),
        eventType: jobEventTypes[job.status],
        state: newDelivery,
        attempts: [],
        createdAt: toIsoTime(now()),
      });
      await askFirst(key, 1);
    },

    async attempt(message) {
      const begun = await begin(message);
      switch (begun.kind) {
        case "ignored":
          return;
        case "relay":
          return ask(message, begun.attempt, begun.dueAtMs);
        case "busy":
          return postpone(message, begun.untilMs);
        case "moved":
          return run(message, attemptsOfRound(begun.state));
        default:
          return begun satisfies never;
      }
    },

    async redeliver(key) {
      const stored = await records.read(key);
      if (!stored) throw new NucleusError("not_found");
      const moved = await records.apply(key, { type: "redeliver" });
      const state =
        moved.kind === "moved" ? moved.state : stored.document.state;
      // One that is pending may have lost its message to a crash right here: asking twice does no harm.
      if (state.status !== "pending")
        throw new NucleusError("delivery_not_redeliverable");
      await askFirst(key, state.attempt + 1);
    },
  };
}

interface Endpoint {
  readonly url: Content;
  readonly signer: Signer;
}

/** Where a delivery goes, and whose secret signs it; undefined when there is no such place any more. */
async function findEndpoint(
  { subscriptions, safe }: DeliveriesOptions,
  { tenantId, webhookId }: DeliveryMessage,
  job: JobDocument,
): Promise<Endpoint | undefined> {
  if (webhookId !== undefined) {
    const url = await subscriptions.findUrl(tenantId, webhookId);
    return url && { url, signer: { webhookId } };
  }
  try {
    const request = await safe.open(job.requestRef);
    const { callbackUrl } = InteractionRequest.parse(request.revealJson());
    return callbackUrl === undefined
      ? undefined
      : {
          url: Content.fromText(callbackUrl),
          signer: { tenantId, appId: job.appId },
        };
  } catch (thrown) {
    if (thrown instanceof NucleusError && thrown.code === "content_shredded")
      return undefined;
    throw thrown;
  }
}

/** One signed POST: a thin event, and beside it a ticket for the result where there is one. */
async function post(
  options: DeliveriesOptions,
  { tenantId, jobId, deliveryId }: DeliveryMessage,
  job: JobDocument,
  { url, signer }: Endpoint,
): Promise<AttemptResult> {
  const { now, serviceUrl, signing, tickets, deliverer } = options;
  if (!isTerminal(job.status)) throw new NucleusError("job_not_finished");
  const body = JSON.stringify(
    toJobEvent({
      eventId: deliveryId,
      jobId,
      status: job.status,
      endedAtMs: Date.parse(job.completedAt ?? job.updatedAt),
      serviceUrl,
    }),
  );
  const retainUntilMs = Date.parse(job.retainUntil);
  const ticket =
    job.resultRef !== undefined && retainUntilMs > now()
      ? await tickets.mint({ tenantId, jobId }, retainUntilMs)
      : undefined;
  const signed = signDelivery({
    deliveryId,
    timestampSeconds: Math.floor(now() / 1000),
    body,
    secrets: await signing.current(signer),
  });
  return deliverer.attempt({
    url,
    body,
    headers: {
      "content-type": jobEventContentType,
      "user-agent": "Nucleus-Webhooks/1",
      ...signed,
      ...(ticket !== undefined && { [resultTicketHeader]: ticket }),
      ...(job.traceparent && { traceparent: job.traceparent }),
    },
  });
}

function toKey(
  tenantId: Tag,
  jobId: Tag,
  deliveryId: Tag,
  webhookId: Tag | undefined,
): DeliveryKey {
  return {
    tenantId,
    jobId,
    deliveryId,
    ...(webhookId !== undefined && { webhookId }),
  };
}
