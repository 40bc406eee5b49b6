import type { JobDocument } from "../jobs/documents.ts";
import type { Principal } from "../auth/principal.ts";
import { Content } from "../kernel/content.ts";
import {
  type ContentRef,
  Tag,
  toIsoTime,
  type TraceParent,
} from "../kernel/metadata.ts";
import type { PersonaDefinition } from "../personas/persona.ts";
import { toPersonaPin } from "../personas/persona-pin.ts";
import type { TenantHasher } from "../vault/tenant-hash.ts";
import { interactionVersion } from "../workflow/plan.ts";
import type { InteractionRequest } from "./interaction-request.ts";

interface Accepted {
  readonly principal: Principal;
  readonly request: InteractionRequest;
  readonly personas: readonly PersonaDefinition[];
  readonly jobId: Tag;
  readonly requestRef: ContentRef;
  readonly traceparent: TraceParent | undefined;
  readonly createdAtMs: number;
  readonly deadlineAtMs: number;
  readonly retainUntilMs: number;
}

/** The metadata of an interaction: what its job's record keeps, and all that it keeps. */
export async function toJobDocument(
  accepted: Accepted,
  hasher: TenantHasher,
): Promise<JobDocument> {
  const { principal, request, jobId, traceparent } = accepted;
  const idOf = (value: string) =>
    toPlatformId(hasher, principal.tenantId, value);
  const optionalIdOf = (value: string | undefined) =>
    value === undefined ? undefined : idOf(value);
  const messageId = await optionalIdOf(request.messageId);
  const replyToMessageId = await optionalIdOf(request.replyToMessageId);

  return {
    jobId,
    appId: principal.appId,
    submittedBy: principal.userId,
    status: "Queued",
    workflow: "interaction",
    workflowVersion: interactionVersion,
    platformType: request.platformType,
    conversationId: await idOf(request.conversationId),
    userId: await idOf(request.userId),
    ...(messageId && { messageId }),
    ...(replyToMessageId && { replyToMessageId }),
    correlationId: (await optionalIdOf(request.correlationId)) ?? jobId,
    ...(request.interactionType && {
      interactionType: request.interactionType,
    }),
    priority: request.priority,
    tags: request.tags,
    personaIds: accepted.personas.map(({ personaId }) => personaId),
    personas: accepted.personas.map(toPersonaPin),
    ...(request.panel && { maxRounds: request.panel.maxRounds }),
    artifactCount: request.artifactReferences.length,
    hasQuery: request.queryText !== undefined,
    hasCallback: request.callbackUrl !== undefined,
    ...(traceparent && { traceparent }),
    createdAt: toIsoTime(accepted.createdAtMs),
    updatedAt: toIsoTime(accepted.createdAtMs),
    deadlineAt: toIsoTime(accepted.deadlineAtMs),
    retainUntil: toIsoTime(accepted.retainUntilMs),
    requestRef: accepted.requestRef,
  };
}

/**
 * An id that another system made, as metadata: itself where it has a tag's shape, otherwise its keyed hash. (The sealed
 * request holds it in full.)
 */
export async function toPlatformId(
  hasher: TenantHasher,
  tenantId: Tag,
  value: string,
): Promise<Tag> {
  const tag = Tag.safeParse(value);
  return tag.success
    ? tag.data
    : Tag.parse(
        await hasher.hash(tenantId, "platform-id", Content.fromText(value)),
      );
}
