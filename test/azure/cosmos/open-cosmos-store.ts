import { onTestFinished } from "vitest";
import {
  createCosmosDocumentStore,
  type CosmosDocumentStoreOptions,
} from "../../../shared/documents/adapters/cosmos.ts";
import { toCosmosPolicy } from "../../../shared/documents/cosmos-policy.ts";
import type { DocumentStore } from "../../../shared/documents/document-store.ts";
import { contractKinds } from "../../support/contract-documents.ts";
import type { Identity } from "../identity.ts";
import {
  startCosmos,
  type Cosmos,
  type CosmosOptions,
} from "./start-cosmos.ts";

type Kinds = typeof contractKinds;

/** What the container of the contract's kinds has. */
const contractIndexes = {
  job: [["status", "createdAt"], ["createdAt"]],
} as const;

/** A container with the contract's kinds, and a store on it; both are closed when the test has finished. */
export async function openCosmosStore(
  identity: Identity,
  options: Partial<CosmosOptions> = {},
): Promise<{
  readonly cosmos: Cosmos;
  readonly store: DocumentStore<Kinds>;
  /** Another store on the same container. */
  open(
    changes?: Partial<CosmosDocumentStoreOptions<Kinds>>,
  ): DocumentStore<Kinds>;
}> {
  const cosmos = await startCosmos({
    identity,
    policy: toCosmosPolicy(contractIndexes),
    ...options,
  });
  onTestFinished(() => cosmos.close());
  const { endpoint, databaseId, containerId } = cosmos;
  const open = (changes: Partial<CosmosDocumentStoreOptions<Kinds>> = {}) => {
    const store = createCosmosDocumentStore({
      endpoint,
      databaseId,
      containerId,
      credential: identity.credential,
      kinds: contractKinds,
      indexes: contractIndexes,
      ...(options.now && { now: options.now }),
      ...changes,
    });
    onTestFinished(() => store.close());
    return store;
  };
  return { cosmos, store: open(), open };
}
