import { z } from "zod";
import type {
  DocumentOf,
  DocumentStore,
  Operation,
} from "../../shared/documents/document-store.ts";
import type { Now } from "../../shared/kernel/clock.ts";
import { Count, defineMetadata, Tag } from "../../shared/kernel/metadata.ts";

export const contractKinds = {
  job: defineMetadata(
    z.object({
      status: z.enum(["Queued", "Processing", "Completed"]),
      createdAt: Count,
      urgent: z.boolean().optional(),
      persona: Tag.optional(),
      tags: z.array(Tag).default([]),
    }),
  ),
  event: defineMetadata(z.object({ sequence: Count })),
};

export type ContractStore = DocumentStore<typeof contractKinds>;
export type OpenContractStore = (options: {
  readonly now: Now;
}) => Promise<ContractStore>;

export const tag = (text: string): Tag => Tag.parse(text);

export function jobDocument(
  fields: Partial<DocumentOf<typeof contractKinds, "job">> = {},
): DocumentOf<typeof contractKinds, "job"> {
  return { status: "Queued", createdAt: 1, tags: [], ...fields };
}

export function createJob(
  id: string,
  fields: Parameters<typeof jobDocument>[0] = {},
): Operation<typeof contractKinds> {
  return {
    op: "create",
    kind: "job",
    id: tag(id),
    document: jobDocument(fields),
  };
}
