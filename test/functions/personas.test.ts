import { describe, expect, test } from "vitest";
import { aPersona } from "../shared/personas/persona-builders.ts";
import { tag } from "../support/core.ts";
import { allOf, sealedOwners } from "../support/stored.ts";
import { type HttpCall, openHttp } from "./support/open-http.ts";

const interaction = {
  platformType: "Test",
  conversationId: "c1",
  userId: "u1",
  queryText: "What does it say?",
};
const post = (http: ReturnType<typeof openHttp>, call: HttpCall) =>
  http.call("post-interaction", { caller: {}, ...call });

/** The app with these personas alone. */
function openWith(...personas: readonly Readonly<Record<string, unknown>>[]) {
  const http = openHttp();
  http.core.personas.clear();
  for (const fields of personas) {
    const persona = aPersona(fields);
    http.core.personas.set(persona.personaId, persona);
  }
  return http;
}

const whenTagged = (tag: string) => ({ when: [{ tags: [tag] }] });

describe("an interaction that names no persona", () => {
  const open = () =>
    openWith(
      { personaId: "lawyer", activation: whenTagged("legal") },
      { personaId: "doctor", activation: whenTagged("medical") },
      {
        personaId: "all",
        activation: { when: [{}], unless: [{ tags: ["quiet"] }] },
      },
      { personaId: "named-only" },
    );

  test("gets those whose rules choose it, in the catalogue's order", async () => {
    const http = open();
    const body = { ...interaction, tags: ["legal"] };
    expect(await post(http, { body })).toMatchObject({ status: 202 });
    expect(await allOf(http.ports, "job")).toMatchObject([
      { personaIds: ["lawyer", "all"] },
    ]);
  });

  test("that no rules choose is ignored with 200 and a code; nothing is started, sealed or kept", async () => {
    const http = open();
    const body = { ...interaction, tags: ["quiet"] };
    const headers = { "idempotency-key": "k" };
    for (const _ of [1, 2])
      expect(await post(http, { body, headers })).toMatchObject({
        status: 200,
        body: { status: "ignored", code: "interaction_ignored" },
      });
    const { ports } = http;
    expect(await allOf(ports, "job")).toEqual([]);
    expect(await allOf(ports, "idempotency")).toEqual([]);
    expect(await sealedOwners(ports)).toEqual([]);
    expect(ports.runner.starts).toEqual([]);
    expect(ports.logLines.join()).toContain('"interaction.ignored"');
    expect(ports.logLines.join()).not.toContain("What does it say");
  });

  test("does not get a persona that is closed to its tenant, whatever its rules", async () => {
    const http = openWith({
      activation: { when: [{}] },
      dataGovernance: { allowedTenantIds: ["t2"] },
    });
    expect(await post(http, { body: interaction })).toMatchObject({
      status: 200,
      body: { status: "ignored" },
    });
  });

  test("and was accepted under its key is answered as it was, although no rules choose it any more", async () => {
    const http = open();
    const headers = { "idempotency-key": "k" };
    const first = await post(http, { body: interaction, headers });
    http.core.personas.clear();
    expect(await post(http, { body: interaction, headers })).toEqual(first);
    const other = { ...interaction, queryText: "Another question" };
    expect(await post(http, { body: other, headers })).toMatchObject({
      status: 200,
    });
    expect(http.ports.runner.starts).toHaveLength(1);
  });
});

test("a named persona that is unknown, disabled or closed is refused, naming which and what there is", async () => {
  const http = openWith(
    { personaId: "open" },
    { personaId: "off", isEnabled: false },
    {
      personaId: "elsewhere",
      dataGovernance: { allowedConversationIds: ["c2"] },
    },
  );
  const personaIds = ["open", "off", "elsewhere", "nobody"];
  expect(
    await post(http, { body: { ...interaction, personaIds } }),
  ).toMatchObject({
    status: 400,
    body: {
      code: "persona_unknown",
      unknown: ["off", "elsewhere", "nobody"],
      known: ["open"],
    },
  });
});

test("rounds beyond three are refused", async () => {
  const body = { ...interaction, panel: { maxRounds: 4 } };
  expect(await post(openHttp(), { body })).toMatchObject({
    status: 400,
    body: { errors: [{ path: "panel.maxRounds" }] },
  });
});

describe("the list of personas", () => {
  const open = () =>
    openWith(
      {
        personaId: "lawyer",
        version: "2.1.0",
        instructions: "Be exact.",
        dataGovernance: { allowedTenantIds: ["t1"] },
      },
      {
        personaId: "elsewhere",
        dataGovernance: { allowedTenantIds: ["t2"] },
      },
    );

  test("holds those that the tenant may use, and to adapters not how they are made", async () => {
    const answer = await open().call("list-personas", { caller: {} });
    expect(answer).toMatchObject({
      status: 200,
      body: { personas: [{ personaId: "lawyer", version: "2.1.0" }] },
    });
    const text = JSON.stringify(answer.body);
    for (const hidden of ["elsewhere", "Be exact", "t1", "chatModelId"])
      expect(text).not.toContain(hidden);
  });

  test.each(["author", "operator", "admin"] as const)(
    "shows instructions to the role %s, and no tenant's ids",
    async (role) => {
      const answer = await open().call("list-personas", {
        caller: { roles: [role] },
      });
      expect(answer.body).toMatchObject({
        personas: [{ instructions: "Be exact." }],
      });
      expect(JSON.stringify(answer.body)).not.toContain("allowedTenantIds");
    },
  );
});

test("all instances of a job of several rounds are purged with it", async () => {
  const http = openHttp();
  const { ports, core } = http;
  const body = { ...interaction, panel: { maxRounds: 3 } };
  await post(http, { body });
  const [job] = await allOf(ports, "job");
  const key = { tenantId: tag("t1"), jobId: job!.jobId };
  await core.activities.finish({ ...key, status: "Failed", answered: [] });

  const purged: unknown[] = [];
  ports.clock.advance(48 * 3_600_000);
  await core.sweep({
    ...ports.runner,
    purge: async (purge) => void purged.push(purge),
  });
  expect(purged).toEqual([
    { jobId: key.jobId, artifactCount: 0, personaCount: 1, maxRounds: 3 },
  ]);
});
