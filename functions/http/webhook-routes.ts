import { z } from "zod";
import { Content } from "../../shared/kernel/content.ts";
import { NucleusError } from "../../shared/kernel/errors.ts";
import type { Deliveries } from "../../shared/webhooks/deliveries.ts";
import type { DeliveryRecords } from "../../shared/webhooks/delivery-records.ts";
import type { WebhookDocument } from "../../shared/webhooks/documents.ts";
import { JobEventType } from "../../shared/webhooks/event.ts";
import type { SigningSecrets } from "../../shared/webhooks/signing-secrets.ts";
import type { Subscriptions } from "../../shared/webhooks/subscriptions.ts";
import { toDeliveryView } from "./delivery-view.ts";
import { idOf, readJson, RequestProblem, type SecuredRoute } from "./route.ts";

const WebhookRequest = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).max(4096),
  eventTypes: z.array(JobEventType).min(1).default(JobEventType.options),
});

export interface WebhookServices {
  readonly subscriptions: Subscriptions;
  readonly signing: SigningSecrets;
  readonly deliveries: Deliveries;
  readonly deliveryRecords: DeliveryRecords;
  readonly isAllowedUrl: (url: Content) => boolean;
}

const adapterOnly = ["adapter"] as const;

/** The routes of an adapter's webhooks. Each adapter sees its own only. */
export function createWebhookRoutes(
  services: WebhookServices,
): readonly SecuredRoute[] {
  return [
    createPostWebhook(services),
    createListWebhooks(services),
    createGetWebhook(services),
    createDeleteWebhook(services),
    createRotateWebhookSecret(services),
    createPostAdapterSecret(services),
    createListDeliveries(services),
    createRedeliver(services),
  ];
}

/** `POST /webhooks`: registers an endpoint; its secret is shown this once. */
function createPostWebhook({
  subscriptions,
  isAllowedUrl,
}: WebhookServices): SecuredRoute {
  return {
    name: "post-webhook",
    method: "POST",
    path: "v1/webhooks",
    access: adapterOnly,
    async handle({ request, principal }) {
      const { url, eventTypes } = await readJson(request, WebhookRequest);
      const endpoint = Content.fromText(url);
      if (!isAllowedUrl(endpoint))
        throw new RequestProblem("url_refused", { path: "url" });
      const { webhook, secret } = await subscriptions.create(principal, {
        url: endpoint,
        eventTypes,
      });
      return {
        status: 201,
        headers: { location: `/api/v1/webhooks/${webhook.webhookId}` },
        jsonBody: { ...toWebhookView(webhook, endpoint), secret },
      };
    },
  };
}

/** `GET /webhooks`. */
function createListWebhooks({ subscriptions }: WebhookServices): SecuredRoute {
  return {
    name: "list-webhooks",
    method: "GET",
    path: "v1/webhooks",
    access: adapterOnly,
    async handle({ principal }) {
      const webhooks = await subscriptions.list(principal);
      const views = await Promise.all(
        webhooks.map(async (webhook) =>
          toWebhookView(webhook, await subscriptions.openUrl(webhook)),
        ),
      );
      return { jsonBody: { webhooks: views } };
    },
  };
}

/** `GET /webhooks/{webhookId}`. */
function createGetWebhook({ subscriptions }: WebhookServices): SecuredRoute {
  return {
    name: "get-webhook",
    method: "GET",
    path: "v1/webhooks/{webhookId}",
    access: adapterOnly,
    async handle({ request, principal }) {
      const webhook = await subscriptions.get(
        principal,
        idOf(request, "webhookId"),
      );
      const url = await subscriptions.openUrl(webhook);
      return { jsonBody: toWebhookView(webhook, url) };
    },
  };
}

/** `DELETE /webhooks/{webhookId}`: also shreds its URL and deletes its secrets. */
function createDeleteWebhook({ subscriptions }: WebhookServices): SecuredRoute {
  return {
    name: "delete-webhook",
    method: "DELETE",
    path: "v1/webhooks/{webhookId}",
    access: adapterOnly,
    async handle({ request, principal }) {
      await subscriptions.delete(principal, idOf(request, "webhookId"));
      return { status: 204 };
    },
  };
}

/** `POST /webhooks/{webhookId}/secret`: a new secret; the one before signs too for 24 hours. */
function createRotateWebhookSecret({
  subscriptions,
}: WebhookServices): SecuredRoute {
  return {
    name: "rotate-webhook-secret",
    method: "POST",
    path: "v1/webhooks/{webhookId}/secret",
    access: adapterOnly,
    async handle({ request, principal }) {
      const webhookId = idOf(request, "webhookId");
      const secret = await subscriptions.rotateSecret(principal, webhookId);
      return { status: 201, jsonBody: { webhookId, secret } };
    },
  };
}

/** `POST /webhooks/secret`: the adapter's own secret, which signs what goes to the callbackUrl of its interactions. */
function createPostAdapterSecret({ signing }: WebhookServices): SecuredRoute {
  return {
    name: "post-adapter-secret",
    method: "POST",
    path: "v1/webhooks/secret",
    access: adapterOnly,
    async handle({ principal }) {
      return {
        status: 201,
        jsonBody: { secret: await signing.rotate(principal) },
      };
    },
  };
}

/** `GET /webhooks/{webhookId}/deliveries`: the newest first, with their attempts. */
function createListDeliveries({
  subscriptions,
  deliveryRecords,
}: WebhookServices): SecuredRoute {
  return {
    name: "list-deliveries",
    method: "GET",
    path: "v1/webhooks/{webhookId}/deliveries",
    access: adapterOnly,
    async handle({ request, principal }) {
      const webhookId = idOf(request, "webhookId");
      await subscriptions.get(principal, webhookId);
      const limit = Number(request.query.get("limit") ?? 50);
      if (!Number.isInteger(limit) || limit < 1 || limit > 200)
        throw new RequestProblem("request_invalid", {
          errors: [{ path: "limit", message: "must be 1 to 200" }],
        });
      const continuation = request.query.get("continuation");
      const page = await deliveryRecords.list(principal.tenantId, webhookId, {
        limit,
        ...(continuation !== null && { continuation }),
      });
      return {
        jsonBody: {
          deliveries: page.items.map(({ document }) =>
            toDeliveryView(document),
          ),
          continuation: page.continuation,
        },
      };
    },
  };
}

/** `POST /webhooks/{webhookId}/deliveries/{deliveryId}/redeliver`: sends one again, on a schedule that starts anew. */
function createRedeliver({
  subscriptions,
  deliveries,
  deliveryRecords,
}: WebhookServices): SecuredRoute {
  return {
    name: "redeliver",
    method: "POST",
    path: "v1/webhooks/{webhookId}/deliveries/{deliveryId}/redeliver",
    access: adapterOnly,
    async handle({ request, principal }) {
      const webhookId = idOf(request, "webhookId");
      const deliveryId = idOf(request, "deliveryId");
      const { tenantId } = principal;
      await subscriptions.get(principal, webhookId);
      // Its partition is named by the webhook alone, so the job id is read from it.
      const probe = { tenantId, webhookId, deliveryId, jobId: deliveryId };
      const stored = await deliveryRecords.read(probe);
      if (!stored) throw new NucleusError("not_found");
      await deliveries.redeliver({ ...probe, jobId: stored.document.jobId });
      return { status: 202, jsonBody: { webhookId, deliveryId } };
    },
  };
}

/** What an adapter sees of its webhook: everything but its secrets. */
function toWebhookView(webhook: WebhookDocument, url: Content) {
  const { webhookId, eventTypes, status, createdAt, updatedAt } = webhook;
  return {
    webhookId,
    url: url.revealText(),
    eventTypes,
    status,
    createdAt,
    updatedAt,
  };
}
