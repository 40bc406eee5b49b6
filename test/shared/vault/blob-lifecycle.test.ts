import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Tag } from "../../../shared/kernel/metadata.ts";
import { toBlobPrefix } from "../../../shared/vault/adapters/blob-names.ts";

interface Rule {
  readonly definition: {
    readonly filters: { readonly prefixMatch: readonly string[] };
    readonly actions: {
      readonly baseBlob: {
        readonly delete: { readonly daysAfterModificationGreaterThan: number };
      };
    };
  };
}

const file = new URL("../../../bicep/blob-lifecycle.json", import.meta.url);
const policies = JSON.parse(readFileSync(file, "utf8")) as Readonly<
  Record<"vault" | "keys", { readonly rules: readonly Rule[] }>
>;

/** After how many days the account deletes a blob that nobody changes; undefined: never. */
function daysOf(
  account: "vault" | "keys",
  purpose: "request" | "work" | "result" | "endpoint",
): number | undefined {
  const name = `${account}/${toBlobPrefix({ owner: Tag.parse("j1"), purpose })}`;
  const rule = policies[account].rules.find(({ definition }) =>
    definition.filters.prefixMatch.some((prefix) => name.startsWith(prefix)),
  );
  return rule?.definition.actions.baseBlob.delete
    .daysAfterModificationGreaterThan;
}

test.each(["request", "work", "result"] as const)(
  "what a job left behind as its %s goes by itself, its key's tombstone after that",
  (purpose) => {
    expect(daysOf("vault", purpose)).toBe(90);
    expect(daysOf("keys", purpose)).toBeGreaterThanOrEqual(90 + 90);
  },
);

test("a webhook's endpoint and its key stay for as long as the webhook", () => {
  expect(daysOf("vault", "endpoint")).toBeUndefined();
  expect(daysOf("keys", "endpoint")).toBeUndefined();
});
