import * as fc from "fast-check";
import { expect, it } from "vitest";
import type {
  BatchOutcome,
  Operation,
} from "../../shared/documents/document-store.ts";
import {
  jobDocument,
  tag,
  type contractKinds,
  type ContractStore,
  type OpenContractStore,
} from "../support/contract-documents.ts";
import { createManualClock } from "../support/manual-clock.ts";

type Op = "create" | "upsert" | "replace" | "delete";

interface Step {
  readonly op: Op;
  readonly id: "a" | "b" | "c";
  /** Whether a conditional operation names the etag that it last saw, or a wrong one. */
  readonly isFresh: boolean;
  readonly value: number;
  readonly ttlSeconds: number | undefined;
}

interface Known {
  readonly value: number;
  readonly etag: string;
  readonly expiresAt: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  op: fc.constantFrom<Op>("create", "upsert", "replace", "delete"),
  id: fc.constantFrom("a", "b", "c"),
  isFresh: fc.boolean(),
  value: fc.nat(9),
  ttlSeconds: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
});
const turn = fc.record({
  batch: fc.array(step, { minLength: 1, maxLength: 4 }),
  waitMs: fc.constantFrom(0, 0, 500, 1500),
});

const partition = { tenantId: tag("t1"), scope: tag("s1") };

/** The model: what a batch must answer, and what must be there after it. */
function predict(
  state: ReadonlyMap<string, Known>,
  batch: readonly Step[],
  nowMs: number,
) {
  const next = new Map(state);
  for (const [index, each] of batch.entries()) {
    const known = next.get(each.id);
    const isThere = known !== undefined && known.expiresAt > nowMs;
    const conflict = (reason: "exists" | "missing" | "changed") => ({
      outcome: { ok: false, index, reason } as const,
      state,
    });
    if (each.op === "create" && isThere) return conflict("exists");
    if (each.op === "replace" || each.op === "delete") {
      if (!isThere) return conflict("missing");
      // An etag of the same batch is not known to its caller.
      const isSeen = each.isFresh && known === state.get(each.id);
      if (!isSeen) return conflict("changed");
    }
    if (each.op === "delete") next.delete(each.id);
    else {
      const ttl = each.ttlSeconds;
      next.set(each.id, {
        value: each.value,
        etag: `of operation ${index}`,
        expiresAt: ttl === undefined ? Infinity : nowMs + ttl * 1000,
      });
    }
  }
  return { outcome: { ok: true } as const, state: next };
}

function toOperation(
  each: Step,
  state: ReadonlyMap<string, Known>,
): Operation<typeof contractKinds> {
  const target = { kind: "job" as const, id: tag(each.id) };
  const seen = state.get(each.id)?.etag ?? "none";
  const ifMatch = each.isFresh ? seen : "wrong";
  if (each.op === "delete") return { ...target, op: "delete", ifMatch };
  const written = {
    ...target,
    document: jobDocument({ createdAt: each.value }),
    ...(each.ttlSeconds === undefined ? {} : { ttlSeconds: each.ttlSeconds }),
  };
  return each.op === "replace"
    ? { ...written, op: "replace", ifMatch }
    : { ...written, op: each.op };
}

/** The model's state with the etags that the store gave out. */
function withEtags(
  state: ReadonlyMap<string, Known>,
  outcome: BatchOutcome,
): Map<string, Known> {
  const entries = [...state].map(([id, known]): [string, Known] => {
    const index = /^of operation (\d+)$/.exec(known.etag)?.[1];
    if (index === undefined || !outcome.ok) return [id, known];
    return [id, { ...known, etag: outcome.etags[Number(index)] ?? "" }];
  });
  return new Map(entries);
}

/** Whatever a batch does, the store answers and keeps what the model says. `open` gives an empty store each time. */
export function describeDocumentModel(
  name: string,
  numRuns: number,
  open: OpenContractStore,
): void {
  it(`${name}: any sequence of batches answers and leaves what the model says`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(turn, { minLength: 1, maxLength: 12 }),
        async (turns) => {
          const clock = createManualClock();
          const store = await open({ now: clock.now });
          let state: ReadonlyMap<string, Known> = new Map();
          for (const { batch, waitMs } of turns) {
            clock.advance(waitMs);
            const predicted = predict(state, batch, clock.now());
            const outcome = await store.batch(
              partition,
              batch.map((each) => toOperation(each, state)),
            );
            expect(outcome).toMatchObject(predicted.outcome);
            state = withEtags(predicted.state, outcome);
            expect(await found(store)).toEqual(expected(state, clock.now()));
          }
          await store.close();
        },
      ),
      { numRuns, seed: 20_261_122 },
    );
  });
}

async function found(store: ContractStore) {
  const page = await store.query({
    kind: "job",
    tenantId: partition.tenantId,
    limit: 10,
  });
  return page.items.map((item) => [
    item.id,
    item.document.createdAt,
    item.etag,
  ]);
}

function expected(state: ReadonlyMap<string, Known>, nowMs: number) {
  return [...state]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .filter(([, known]) => known.expiresAt > nowMs)
    .map(([id, known]) => [id, known.value, known.etag]);
}
