import { inspect } from "node:util";
import { CredentialUnavailableError } from "@azure/identity";
import { afterAll, describe, expect, it } from "vitest";
import { openCosmosStore } from "../../azure/cosmos/open-cosmos-store.ts";
import { startIdentity } from "../../azure/identity.ts";
import {
  createJob,
  tag,
  type ContractStore,
} from "../../support/contract-documents.ts";

const identity = await startIdentity();
afterAll(() => identity.close());

const partition = { tenantId: tag("t1"), scope: tag("job-1") };

/** Every way to use a store. */
const uses: readonly [string, (store: ContractStore) => Promise<unknown>][] = [
  ["read", (store) => store.read("job", partition, tag("a"))],
  ["batch", (store) => store.batch(partition, [createJob("a")])],
  [
    "query",
    (store) => store.query({ kind: "job", tenantId: tag("t1"), limit: 1 }),
  ],
  ["ping", (store) => store.ping()],
];

/** What the use fails with, as whoever logs it carelessly would see it. */
async function failureOf(use: Promise<unknown>) {
  const failure = await use.then(
    () => undefined,
    (error: unknown) => error,
  );
  return { failure, text: inspect(failure, { depth: 9, showHidden: true }) };
}

describe.each(uses)("Cosmos DB document store, %s", (_name, use) => {
  it("an identity without the role is denied, and the service is named", async () => {
    const { store, cosmos } = await openCosmosStore(identity);
    cosmos.setRole(false);
    const { failure, text } = await failureOf(use(store));
    expect(failure).toMatchObject({
      code: "dependency_denied",
      deniedBy: "documents",
    });
    expect(text).not.toContain("RBAC");
    cosmos.setRole(true);
    await use(store);
  });

  it("a token for another audience is denied", async () => {
    const { open } = await openCosmosStore(identity);
    const token = await identity.token("https://other.documents.azure.com");
    const store = open({
      credential: {
        getToken: async () => ({
          token,
          expiresOnTimestamp: Date.now() + 3_600_000,
        }),
      },
    });
    await expect(use(store)).rejects.toMatchObject({
      code: "dependency_denied",
    });
  });

  it("an identity that gets no token is told apart, and its text stays behind", async () => {
    const { open } = await openCosmosStore(identity);
    const store = open({
      credential: {
        getToken: async () => {
          throw new CredentialUnavailableError("reason of the SDK");
        },
      },
    });
    const { failure, text } = await failureOf(use(store));
    expect(failure).toMatchObject({ code: "identity_unavailable" });
    expect(text).not.toContain("reason of the SDK");
  });

  it("an account that does not answer is an outage", async () => {
    const { store, cosmos } = await openCosmosStore(identity);
    await cosmos.close();
    const { failure, text } = await failureOf(use(store));
    expect(failure).toMatchObject({ code: "store_unavailable" });
    expect(text).not.toContain("127.0.0.1");
  });

  it("an account that takes too long is an outage", async () => {
    const { cosmos, open } = await openCosmosStore(identity);
    const store = open({ timeoutMs: 50 });
    cosmos.hangNext();
    await expect(use(store)).rejects.toMatchObject({
      code: "store_unavailable",
    });
  });

  it("a container that is not there is an outage, not an absent document", async () => {
    const { open } = await openCosmosStore(identity);
    await expect(use(open({ containerId: "other" }))).rejects.toMatchObject({
      code: "store_unavailable",
    });
  });
});

describe.each(uses.slice(0, 3))("Cosmos DB document store, %s", (name, use) => {
  it("a throttled request is sent again after the wait, as often as set", async () => {
    const { cosmos, open } = await openCosmosStore(identity);
    const store = open({ throttleRetries: 2 });
    cosmos.throttleNext(2, 1);
    await use(store);
    const requests = cosmos.requests.filter(({ kind }) => kind === name);
    expect(requests.map(({ status }) => status === 429)).toEqual([
      true,
      true,
      false,
    ]);
    cosmos.throttleNext(3, 7);
    await expect(use(store)).rejects.toMatchObject({
      code: "store_throttled",
      retryAfterMs: 7,
    });
  });
});

describe("Cosmos DB document store", () => {
  it("a container without the index that a query needs is a fault of ours, not an outage", async () => {
    const { open } = await openCosmosStore(identity);
    const store = open({ indexes: { job: [["urgent"]] } });
    const query = store.query({
      kind: "job",
      tenantId: tag("t1"),
      orderBy: { field: "urgent", direction: "asc" },
      limit: 1,
    });
    await expect(query).rejects.toMatchObject({ code: "document_invalid" });
  });
});
