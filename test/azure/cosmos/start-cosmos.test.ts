import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { toCosmosPolicy } from "../../../shared/documents/cosmos-policy.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { startIdentity } from "../identity.ts";
import { startCosmos, type CosmosOptions } from "./start-cosmos.ts";

const identity = await startIdentity();
afterAll(() => identity.close());

const policy = toCosmosPolicy({ job: [["status", "createdAt"]] });

/** The endpoint, and a way to send it what the SDK would not. */
async function open(options: Partial<CosmosOptions> = {}) {
  const cosmos = await startCosmos({ identity, policy, ...options });
  onTestFinished(() => cosmos.close());
  const { endpoint, databaseId, containerId } = cosmos;
  const items = `${endpoint}/dbs/${databaseId}/colls/${containerId}/docs`;

  const send = async (
    headers: Readonly<Record<string, string>>,
    body: unknown,
  ) => {
    const token = await identity.token(endpoint);
    const answer = await fetch(items, {
      method: "POST",
      headers: {
        authorization: `type=aad&ver=1.0&sig=${token}`,
        ...headers,
      },
      body: JSON.stringify(body),
    });
    return {
      status: answer.status,
      headers: answer.headers,
      body: await answer.json(),
    };
  };
  const batch = (operations: readonly unknown[], key = ["t1", "s1"]) =>
    send(
      {
        "x-ms-cosmos-is-batch-request": "true",
        "x-ms-cosmos-batch-atomic": "true",
        "x-ms-documentdb-partitionkey": JSON.stringify(key),
        prefer: "return=minimal",
      },
      operations,
    );
  const query = (
    text: string,
    headers: Readonly<Record<string, string>> = {},
  ) =>
    send(
      { "x-ms-documentdb-isquery": "true", ...headers },
      {
        query: text,
        parameters: [
          { name: "@t", value: "t1" },
          { name: "@v", value: 1 },
        ],
      },
    );
  return { cosmos, send, batch, query };
}

const item = (id: string, more: object = {}) => ({
  id,
  tenantId: "t1",
  scope: "s1",
  kind: "job",
  ...more,
});
const create = (id: string, more: object = {}) => ({
  operationType: "Create",
  resourceBody: item(id, more),
});
const codesOf = (body: unknown) =>
  (body as { readonly statusCode: number }[]).map((each) => each.statusCode);

describe("the emulated container", () => {
  it("applies a batch as a whole or fails it with 207, the other operations as failed dependencies", async () => {
    const { batch, cosmos } = await open();
    const applied = await batch([create("a"), create("b")]);
    expect(applied.status).toBe(200);
    expect(codesOf(applied.body)).toEqual([201, 201]);
    const failed = await batch([create("c"), create("a"), create("d")]);
    expect(failed.status).toBe(207);
    expect(codesOf(failed.body)).toEqual([424, 409, 424]);
    expect(cosmos.items()).toHaveLength(2);
  });

  it.each([
    { name: "an illegal id", operation: create("a/b"), code: 400 },
    {
      name: "another partition's item",
      operation: create("a", { scope: "s2" }),
      code: 400,
    },
    {
      name: "a time to live of 0",
      operation: create("a", { ttl: 0 }),
      code: 400,
    },
    {
      name: "a replace of what is not there",
      operation: { ...create("a"), operationType: "Replace", id: "a" },
      code: 404,
    },
    {
      name: "a delete of what is not there",
      operation: { operationType: "Delete", id: "a" },
      code: 404,
    },
  ])("refuses $name within a batch: $code", async ({ operation, code }) => {
    const { batch } = await open();
    expect(codesOf((await batch([operation])).body)).toEqual([code]);
  });

  it("refuses conditions that do not hold, and changes the etag with each write", async () => {
    const { batch } = await open();
    const created = await batch([create("a")]);
    const [{ eTag: ifMatch } = { eTag: "" }] = created.body as {
      readonly eTag: string;
    }[];
    const replace = {
      operationType: "Replace",
      id: "a",
      ifMatch,
      resourceBody: item("a"),
    };
    expect(codesOf((await batch([replace])).body)).toEqual([200]);
    expect(codesOf((await batch([replace])).body)).toEqual([412]);
  });

  it("refuses a batch over 100 operations, over 2 MB, or without the whole key", async () => {
    const { batch } = await open();
    const many = Array.from({ length: 101 }, (_, n) => create(`i${n}`));
    expect((await batch(many)).status).toBe(400);
    const large = create("a", { text: "x".repeat(2 * 1024 * 1024) });
    expect((await batch([large])).status).toBe(413);
    expect((await batch([create("a")], ["t1"])).status).toBe(400);
  });

  it("hides an item when its time to live, counted from the whole second, is over", async () => {
    const clock = createManualClock();
    const { batch, cosmos } = await open({ now: clock.now });
    await batch([create("a", { ttl: 10 })]);
    clock.advance(9999);
    expect(cosmos.items()).toHaveLength(1);
    clock.advance(1);
    expect(cosmos.items()).toHaveLength(0);
  });

  const tenant = 'SELECT * FROM c WHERE c["tenantId"] = @t';
  it.each([
    {
      name: "a query across tenants",
      text: 'SELECT * FROM c WHERE c["kind"] = @v',
    },
    {
      name: "a tenant that is only one of two possibilities",
      text: 'SELECT * FROM c WHERE c["tenantId"] = @t OR c["kind"] = @v',
    },
    {
      name: "a literal in a condition",
      text: `${tenant} AND c["kind"] = "job"`,
    },
    {
      name: "a parameter without a value",
      text: `${tenant} AND c["kind"] = @x`,
      setUp: [create("a")],
    },
    {
      name: "a filter on a path that is not indexed",
      text: `${tenant} AND c["document"]["size"] = @v`,
    },
    {
      name: "an order by a path that is not indexed",
      text: `${tenant} ORDER BY c["document"]["size"] ASC`,
    },
    {
      name: "an order by several paths without their composite index",
      text: `${tenant} ORDER BY c["kind"] ASC, c["id"] ASC`,
    },
    {
      name: "an order with one direction turned against the index",
      text: `${tenant} ORDER BY c["tenantId"] ASC, c["kind"] ASC, c["id"] ASC, c["scope"] DESC`,
    },
    { name: "SQL that it does not know", text: `${tenant} GROUP BY c["kind"]` },
    {
      name: "another alias",
      text: 'SELECT * FROM c WHERE d["tenantId"] = @t',
    },
  ])("refuses $name: 400", async ({ text, setUp }) => {
    const { query, batch } = await open();
    if (setUp) await batch(setUp);
    expect((await query(text)).status).toBe(400);
  });

  it("filters without an index only with the header that allows scans", async () => {
    const { query } = await open();
    const text = `${tenant} AND c["document"]["size"] = @v`;
    const allowed = { "x-ms-documentdb-query-enable-scan": "true" };
    expect((await query(text, allowed)).status).toBe(200);
  });

  it("refuses a key header that is only a prefix", async () => {
    const { query } = await open();
    const prefix = { "x-ms-documentdb-partitionkey": '["t1"]' };
    expect((await query(tenant, prefix)).status).toBe(400);
  });

  it("serves ORDER BY across physical partitions as a plan only, other queries one partition after the other", async () => {
    const { query } = await open({ splitTenants: ["t1"] });
    const ordered = `${tenant} ORDER BY c["id"] ASC`;
    const planned = await query(ordered);
    expect(planned.status).toBe(400);
    expect(planned.headers.get("x-ms-substatus")).toBe("1004");
    const first = await query(tenant);
    const continuation = first.headers.get("x-ms-continuation") ?? "";
    const second = await query(tenant, { "x-ms-continuation": continuation });
    expect(second.status).toBe(200);
    expect(second.headers.get("x-ms-continuation")).toBeNull();
  });

  it("takes no token but one for this account, and charges nothing for refusals", async () => {
    const { send, cosmos } = await open();
    const tokens = [
      await identity.token("https://other.documents.azure.com"),
      await identity.token(cosmos.endpoint, { exp: 1 }),
      "none",
    ];
    for (const token of tokens) {
      const authorization = `type=aad&ver=1.0&sig=${token}`;
      expect((await send({ authorization }, {})).status).toBe(401);
    }
    expect(cosmos.charged()).toBe(0);
  });

  it("answers a session that it never gave as not available", async () => {
    const { query } = await open();
    const ahead = { "x-ms-session-token": "0:-1#99" };
    const answer = await query(tenant, ahead);
    expect(answer.status).toBe(404);
    expect(answer.headers.get("x-ms-substatus")).toBe("1002");
  });
});
