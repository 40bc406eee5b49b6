import { InteractionRequest } from "../shared/interactions/interaction-request.ts";
import type { JobDocument } from "../shared/jobs/documents.ts";
import type { ContentSafe } from "../shared/vault/content-safe.ts";

/** The interaction that a job is about, in the clear. */
export async function openRequest(
  safe: ContentSafe,
  job: JobDocument,
): Promise<InteractionRequest> {
  const sealed = await safe.open(job.requestRef);
  return InteractionRequest.parse(sealed.revealJson());
}
