import { expect, test } from "vitest";
import {
  Activation,
  type InteractionFacts,
  isActivated,
  matchesMediaType,
} from "../../../shared/personas/activation.ts";

const facts: InteractionFacts = {
  platformType: "Teams",
  interactionType: "question",
  tags: ["legal", "urgent"],
  language: "de-AT",
  conversationId: "c1",
  artifacts: [
    { referenceType: "https", mimeType: "Application/PDF; version=1.7" },
    { referenceType: "file" },
  ],
  hasQuery: true,
};

const activates = (rules: unknown, of: InteractionFacts = facts) =>
  isActivated(Activation.parse(rules), of);

test.each([
  [{}, true],
  [{ platformTypes: ["Slack", "Teams"] }, true],
  [{ platformTypes: ["Slack"] }, false],
  [{ interactionTypes: ["question"] }, true],
  [{ tags: ["legal"] }, true],
  [{ tags: ["medical"] }, false],
  [{ languages: ["de"] }, true],
  [{ languages: ["DE-at"] }, true],
  [{ languages: ["de-DE", "d"].slice(0, 1) }, false],
  [{ conversationIds: ["c1"] }, true],
  [{ conversationIds: ["c2"] }, false],
  [{ referenceTypes: ["HTTPS"] }, true],
  [{ referenceTypes: ["azure-blob"] }, false],
  [{ mediaTypes: ["application/pdf"] }, true],
  [{ mediaTypes: ["application/*"] }, true],
  [{ mediaTypes: ["text/*"] }, false],
  [{ minArtifacts: 2, maxArtifacts: 2 }, true],
  [{ minArtifacts: 3 }, false],
  [{ maxArtifacts: 1 }, false],
  [{ hasQuery: true }, true],
  [{ hasQuery: false }, false],
])("a condition %j is met: %s", (condition, isMet) => {
  expect(activates({ when: [condition] })).toBe(isMet);
});

test("all fields of a condition must hold, and one condition of several", () => {
  const other = { platformTypes: ["Slack"] };
  expect(activates({ when: [{ tags: ["legal"], ...other }] })).toBe(false);
  expect(activates({ when: [other, { tags: ["legal"] }] })).toBe(true);
});

test("what must not hold wins", () => {
  expect(activates({ when: [{}], unless: [{ tags: ["urgent"] }] })).toBe(false);
  expect(activates({ when: [{}], unless: [{ tags: ["calm"] }] })).toBe(true);
});

test("without rules a persona is never chosen", () => {
  expect(isActivated(undefined, facts)).toBe(false);
});

test("what an interaction does not say meets no list", () => {
  const { language: _, interactionType: __, ...silent } = facts;
  expect(activates({ when: [{ languages: ["de"] }] }, silent)).toBe(false);
  expect(activates({ when: [{ interactionTypes: ["x"] }] }, silent)).toBe(
    false,
  );
});

test("a media type is compared without its parameters, and without case", () => {
  expect(matchesMediaType("text/*", "text/html; charset=utf-8")).toBe(true);
  expect(matchesMediaType("text/html", "TEXT/HTML")).toBe(true);
  expect(matchesMediaType("text/*", undefined)).toBe(false);
});

test.each([
  ["an unknown channel", { when: [{ platformTypes: ["Fax"] }] }],
  ["an empty list", { when: [{ tags: [] }] }],
  ["no condition at all", { when: [] }],
  ["a condition about what is said", { when: [{ queryText: "rent" }] }],
])("%s is refused", (_, rules) => {
  expect(Activation.safeParse(rules).success).toBe(false);
});
