import { describe, expect, test } from "vitest";
import { InteractionRequest } from "../../../shared/interactions/interaction-request.ts";
import { codeOf } from "../../support/safe-fixture.ts";
import {
  submit,
  anInteraction,
  aPrincipal,
  createCore,
  openPorts,
} from "../../support/core.ts";
import { allOf } from "../../support/stored.ts";
import { createCrash, runUntilCrash } from "../../support/crash.ts";
import { wrapPorts } from "../../support/core.ts";
import type { NucleusError } from "../../../shared/kernel/errors.ts";

function openAcceptance() {
  const ports = openPorts();
  const core = createCore(ports);
  return { ports, core };
}

test("an accepted interaction is a job with metadata only, and its request is sealed", async () => {
  const { ports, core } = openAcceptance();
  const request = anInteraction({
    artifacts: 2,
    conversationId: "a conversation with spaces",
    metadata: { project: "secret project" },
    tags: ["urgent"],
  });
  const { tenantId, jobId } = await submit(core, ports, { request });

  const stored = await core.records.read({ tenantId, jobId });
  expect(stored?.document).toMatchObject({
    status: "Queued",
    artifactCount: 2,
    hasQuery: true,
    tags: ["urgent"],
    userId: "u1",
    conversationId: expect.stringMatching(/^h1\./),
    correlationId: jobId,
  });
  const sealed = await core.safe.open(stored!.document.requestRef);
  expect(InteractionRequest.parse(sealed.revealJson())).toEqual(request);
  expect(ports.runner.starts).toEqual([jobId]);
});

describe("Idempotency-Key", () => {
  test("the same key and body get the same job, started once", async () => {
    const { ports, core } = openAcceptance();
    const first = await submit(core, ports, { key: "k" });
    const second = await submit(core, ports, { key: "k" });
    expect(second).toEqual({ ...first, isReplay: true });
    expect(ports.runner.starts).toEqual([first.jobId]);
  });

  test("the same key with another body is refused", async () => {
    const { ports, core } = openAcceptance();
    await submit(core, ports, { key: "k" });
    const request = anInteraction({ queryText: "Something else?" });
    const again = submit(core, ports, { key: "k", request });
    expect(await codeOf(again)).toBe("idempotency_key_reused");
    expect(await allOf(ports, "job")).toHaveLength(1);
  });

  test("another application or tenant with the same key has a job of its own", async () => {
    const { ports, core } = openAcceptance();
    const jobs = await Promise.all(
      [{}, { appId: "app-2" }, { tenantId: "t2" }].map((caller) =>
        submit(core, ports, { key: "k", principal: aPrincipal(caller) }),
      ),
    );
    expect(new Set(jobs.map(({ jobId }) => jobId)).size).toBe(3);
    expect(jobs.map(({ isReplay }) => isReplay)).toEqual([false, false, false]);
  });

  test("without a key, every request is a job", async () => {
    const { ports, core } = openAcceptance();
    const first = await submit(core, ports);
    const second = await submit(core, ports);
    expect(first.jobId).not.toBe(second.jobId);
  });

  test("of many at the same time one is accepted, and the others wait or get its job", async () => {
    const { ports, core } = openAcceptance();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, () => submit(core, ports, { key: "k" })),
    );
    const jobIds = outcomes.flatMap((outcome) =>
      outcome.status === "fulfilled" ? outcome.value.jobId : [],
    );
    const codes = outcomes.flatMap((outcome) =>
      outcome.status === "rejected"
        ? (outcome.reason as NucleusError).code
        : [],
    );
    expect(new Set(jobIds).size).toBe(1);
    expect(new Set(codes)).toEqual(new Set(["idempotency_in_flight"]));
    expect(ports.runner.starts).toEqual([jobIds[0]]);
  });

  test("while the first request is in flight, the next is told to ask again soon; after its lease, it takes over", async () => {
    const { ports, core } = openAcceptance();
    const crash = createCrash(1, "hangs");
    const lost = { ...ports, runner: crash.wrap(ports.runner) };
    await runUntilCrash(crash, submit(core, lost, { key: "k" }));

    ports.clock.advance(20_000);
    const early = await submit(core, ports, { key: "k" }).catch(
      (thrown: unknown) => thrown,
    );
    expect(early).toMatchObject({
      code: "idempotency_in_flight",
      retryAfterMs: 1_000,
    });

    ports.clock.advance(40_000);
    const { jobId } = await submit(core, ports, { key: "k" });
    expect(await allOf(ports, "job")).toMatchObject([{ jobId }]);
    expect(ports.runner.starts).toEqual([jobId]);
  });

  test("a failure gives the place up at once, and says what failed even when that fails too", async () => {
    const { ports, core } = openAcceptance();
    const down = createCore({
      ...ports,
      vault: {
        ...ports.vault,
        write: () => Promise.reject(new Error("disk full")),
      },
    });
    await expect(submit(down, ports, { key: "k" })).rejects.toThrow(
      "disk full",
    );
    expect((await submit(core, ports, { key: "k" })).isReplay).toBe(false);

    const crash = createCrash(1, "before");
    const dying = createCore(wrapPorts(ports, crash));
    await expect(submit(dying, ports, { key: "other" })).rejects.toThrow(
      "the process is gone",
    );
  });
});
