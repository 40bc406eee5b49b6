import type { RecordStore } from "../documents/kinds.ts";
import type { Stored } from "../documents/document-store.ts";
import type { Now } from "../kernel/clock.ts";
import type { Content } from "../kernel/content.ts";
import { NucleusError } from "../kernel/errors.ts";
import { newId } from "../kernel/ids.ts";
import { type IsoTime, Tag, toIsoTime } from "../kernel/metadata.ts";
import type { ContentSafe } from "../vault/content-safe.ts";
import type { WebhookDocument } from "./documents.ts";
import type { JobEventType } from "./event.ts";
import type { SigningSecrets } from "./signing-secrets.ts";

/** Bounds what one job's end may send, and the batch that ends it. */
const maxWebhooksPerApp = 20;
const scope = Tag.parse("webhooks");
const urlName = Tag.parse("url");

export interface AppKey {
  readonly tenantId: Tag;
  readonly appId: Tag;
}

/** The endpoints that an adapter's application registered. Each belongs to that application alone. */
export interface Subscriptions {
  /** @throws NucleusError webhook_limit */
  create(
    owner: AppKey,
    endpoint: {
      readonly url: Content;
      readonly eventTypes: readonly JobEventType[];
    },
  ): Promise<{ readonly webhook: WebhookDocument; readonly secret: string }>;
  list(owner: AppKey): Promise<readonly WebhookDocument[]>;
  /** @throws NucleusError not_found, also for another application's */
  get(owner: AppKey, webhookId: Tag): Promise<WebhookDocument>;
  /** @throws NucleusError not_found */
  delete(owner: AppKey, webhookId: Tag): Promise<void>;
  /** @throws NucleusError not_found */
  rotateSecret(owner: AppKey, webhookId: Tag): Promise<string>;
  /** The endpoint's URL, for the application that registered it. */
  openUrl(webhook: WebhookDocument): Promise<Content>;
  /** Where to deliver, unless the endpoint was deleted or disabled. */
  findUrl(tenantId: Tag, webhookId: Tag): Promise<Content | undefined>;
  /** Stops deliveries to an endpoint that answered 410. */
  disable(tenantId: Tag, webhookId: Tag): Promise<void>;
}

export function createSubscriptions(options: {
  readonly store: RecordStore;
  readonly safe: ContentSafe;
  readonly signing: SigningSecrets;
  readonly now: Now;
}): Subscriptions {
  const { store, safe, signing, now } = options;

  const read = (tenantId: Tag, webhookId: Tag) =>
    store.read("webhook", { tenantId, scope }, webhookId);

  const list: Subscriptions["list"] = async ({ tenantId, appId }) => {
    const page = await store.query({
      kind: "webhook",
      tenantId,
      scope,
      where: { appId },
      // One more than there may be, so that too many can be told from enough.
      limit: maxWebhooksPerApp + 1,
    });
    return page.items.map(({ document }) => document);
  };

  const owned = async (
    { tenantId, appId }: AppKey,
    webhookId: Tag,
  ): Promise<Stored<WebhookDocument>> => {
    const stored = await read(tenantId, webhookId);
    if (stored?.document.appId !== appId) throw new NucleusError("not_found");
    return stored;
  };

  const remove = async (tenantId: Tag, webhookId: Tag): Promise<void> => {
    await store.batch({ tenantId, scope }, [
      { op: "delete", kind: "webhook", id: webhookId },
    ]);
    await signing.delete({ webhookId });
    await safe.shred(webhookId, ["endpoint"]);
  };

  return {
    list,
    async create(owner, { url, eventTypes }) {
      if ((await list(owner)).length >= maxWebhooksPerApp)
        throw new NucleusError("webhook_limit");
      const webhookId = newId();
      await safe.createKeys(webhookId, ["endpoint"]);
      const urlRef = await safe.seal(webhookId, "endpoint", urlName, url);
      const secret = await signing.rotate({ webhookId });
      const { appId } = owner;
      const fields = { webhookId, appId, urlRef, eventTypes: [...eventTypes] };
      const webhook = toActiveWebhook(fields, toIsoTime(now()));
      await store.batch({ tenantId: owner.tenantId, scope }, [
        { op: "create", kind: "webhook", id: webhookId, document: webhook },
      ]);
      // Counted again after the write: of several at once, the last to be written sees all the others.
      if ((await list(owner)).length > maxWebhooksPerApp) {
        await remove(owner.tenantId, webhookId);
        throw new NucleusError("webhook_limit");
      }
      return { webhook, secret };
    },
    async get(owner, webhookId) {
      return (await owned(owner, webhookId)).document;
    },
    async delete(owner, webhookId) {
      await owned(owner, webhookId);
      await remove(owner.tenantId, webhookId);
    },
    async rotateSecret(owner, webhookId) {
      await owned(owner, webhookId);
      return signing.rotate({ webhookId });
    },
    openUrl: (webhook) => safe.open(webhook.urlRef),
    async findUrl(tenantId, webhookId) {
      const stored = await read(tenantId, webhookId);
      return stored?.document.status === "active"
        ? safe.open(stored.document.urlRef)
        : undefined;
    },
    async disable(tenantId, webhookId) {
      for (;;) {
        const stored = await read(tenantId, webhookId);
        if (!stored || stored.document.status === "disabled") return;
        const outcome = await store.batch({ tenantId, scope }, [
          {
            op: "replace",
            kind: "webhook",
            id: webhookId,
            ifMatch: stored.etag,
            document: {
              ...stored.document,
              status: "disabled",
              updatedAt: toIsoTime(now()),
            },
          },
        ]);
        if (outcome.ok) return;
      }
    },
  };
}

function toActiveWebhook(
  fields: Pick<
    WebhookDocument,
    "webhookId" | "appId" | "urlRef" | "eventTypes"
  >,
  at: IsoTime,
): WebhookDocument {
  return { ...fields, status: "active", createdAt: at, updatedAt: at };
}
