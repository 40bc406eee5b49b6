import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { toCosmosPolicy } from "../../../shared/documents/cosmos-policy.ts";
import { indexes } from "../../../shared/documents/kinds.ts";

describe("the container's policy", () => {
  it("the file that infrastructure reads is what the declared indexes need", () => {
    const file = new URL(
      "../../../bicep/cosmos-container.json",
      import.meta.url,
    );
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(
      toCosmosPolicy(indexes),
    );
  });

  it("indexes what queries filter by and nothing else, once each", () => {
    const { indexingPolicy } = toCosmosPolicy({
      job: [["status", "createdAt"], ["createdAt"]],
      webhook: [["createdAt"]],
    });
    expect(indexingPolicy.includedPaths.map(({ path }) => path)).toEqual([
      "/tenantId/?",
      "/scope/?",
      "/kind/?",
      "/expiresAt/?",
      "/document/createdAt/?",
      "/document/status/?",
    ]);
    expect(indexingPolicy.excludedPaths).toEqual([{ path: "/*" }]);
  });

  it("has one composite index for each declared order and one for the order by id", () => {
    const { indexingPolicy } = toCosmosPolicy({
      job: [["status", "createdAt"], ["createdAt"]],
      webhook: [["createdAt"]],
    });
    const orders = indexingPolicy.compositeIndexes.map((paths) =>
      paths.map(({ path }) => path).join(" "),
    );
    expect(orders).toEqual([
      "/tenantId /kind /id /scope",
      "/tenantId /kind /document/status /document/createdAt /id /scope",
      "/tenantId /kind /document/createdAt /id /scope",
    ]);
  });
});
