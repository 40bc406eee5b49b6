import { describe, expect, it } from "vitest";
import {
  fromEtag,
  fromItem,
  fromItemId,
  matchesNothing,
  toEtag,
  toItemId,
} from "../../../shared/documents/adapters/cosmos-item.ts";

const sent = {
  id: "job:a:b",
  tenantId: "t1",
  scope: "s1",
  kind: "job",
  schemaVersion: 1,
  expiresAt: 5,
  document: {},
  _etag: '"e"',
  _ts: 1,
};

describe("what the service sends", () => {
  it("is an item of its tenant and kind, whose id is the document's with its kind", () => {
    const item = fromItem(sent, { tenantId: "t1", kind: "job" });
    expect(fromItemId(item)).toBe("a:b");
    expect(toItemId("job", "a:b")).toBe(sent.id);
  });

  it.each([
    { tenantId: "t2", kind: "job" },
    { tenantId: "t1", kind: "event" },
  ])("is refused as one of $tenantId and $kind", (owner) => {
    expect(() => fromItem(sent, owner)).toThrow("document_invalid");
  });

  it("is refused without an envelope, and not quoted", () => {
    const words = { note: "words of a user" };
    const owner = { tenantId: "t1", kind: "job" };
    expect(() => fromItem(words, owner)).toThrow(/^document_invalid: [^"]*$/);
  });
});

describe("an etag", () => {
  it("carries the service's and when the document expires", () => {
    const version = { etag: '"0a.b"', expiresAt: 1_800_000_000_000 };
    expect(fromEtag(toEtag(version))).toEqual(version);
  });

  it.each(["", "x", '"0a.b"', "1."])(
    "that is not ours (%j) matches nothing",
    (etag) => {
      expect(fromEtag(etag).etag).toBe(matchesNothing);
    },
  );
});
