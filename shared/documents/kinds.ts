import { SpendingDocument } from "../costs/spending.ts";
import {
  ActiveDocument,
  ArtifactDocument,
  EventDocument,
  IdempotencyDocument,
  JobDocument,
  KnowledgeDocument,
  OutboxDocument,
  StepDocument,
} from "../jobs/documents.ts";
import { DeliveryDocument, WebhookDocument } from "../webhooks/documents.ts";
import { ResultTicket } from "../webhooks/result-ticket.ts";
import type { DocumentIndexes, DocumentStore } from "./document-store.ts";
import { LeaseDocument } from "./lease-lock.ts";

/** Every kind of document that Nucleus keeps. */
export const kinds = {
  job: JobDocument,
  step: StepDocument,
  event: EventDocument,
  artifact: ArtifactDocument,
  knowledge: KnowledgeDocument,
  outbox: OutboxDocument,
  active: ActiveDocument,
  idempotency: IdempotencyDocument,
  webhook: WebhookDocument,
  delivery: DeliveryDocument,
  ticket: ResultTicket,
  lease: LeaseDocument,
  spending: SpendingDocument,
} as const;

/** What the queries of this app filter and order by; adapters make their indexes from it. */
export const indexes: DocumentIndexes<typeof kinds> = {
  active: [["dueAt"]],
  job: [["status", "createdAt"], ["createdAt"]],
  delivery: [["createdAt"]],
  webhook: [["createdAt"]],
};

export type RecordStore = DocumentStore<typeof kinds>;
