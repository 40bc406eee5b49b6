import type { DocumentOf } from "../../shared/documents/document-store.ts";
import type { kinds } from "../../shared/documents/kinds.ts";
import type { Tag } from "../../shared/kernel/metadata.ts";
import { type Ports, tag } from "./core.ts";

/** All documents of a kind that a tenant has, in one of its partitions or in all. */
export async function allOf<N extends keyof typeof kinds>(
  { store }: Pick<Ports, "store">,
  kind: N,
  tenantId: string = "t1",
  scope?: Tag,
): Promise<readonly DocumentOf<typeof kinds, N>[]> {
  const page = await store.query({
    kind,
    tenantId: tag(tenantId),
    ...(scope !== undefined && { scope }),
    limit: 1000,
  });
  return page.items.map(({ document }) => document);
}

/** The jobs that the sweeper still has on its list. */
export async function listedJobs(ports: Ports): Promise<readonly string[]> {
  const entries = await allOf(ports, "active", ":system");
  return entries.map(({ jobId }) => jobId);
}

/** Whose sealed objects lie in the vault, as `owner:purpose`. */
export async function sealedOwners({
  vault,
}: Pick<Ports, "vault">): Promise<string[]> {
  const owners: string[] = [];
  for await (const { owner, purpose } of vault.owners())
    owners.push(`${owner}:${purpose}`);
  return owners.toSorted();
}
