import { describe, expect, it } from "vitest";
import { createWorkerChoice } from "../../../local/host/choose-worker.ts";

interface Worker {
  readonly name: string;
  open: number;
  openCount(): number;
}

function worker(name: string, open = 0): Worker {
  return {
    name,
    open,
    openCount() {
      return this.open;
    },
  };
}

describe("choosing a worker", () => {
  it("takes the one with the fewest open invocations", () => {
    const [a, b, c] = [worker("a", 2), worker("b", 1), worker("c", 3)];
    const { choose } = createWorkerChoice<Worker>();
    expect([1, 2, 3].map(() => choose([a, b, c])?.name)).toEqual([
      "b",
      "b",
      "b",
    ]);
  });

  it("takes them in turn when they have as many", () => {
    const workers = ["a", "b", "c"].map((name) => worker(name));
    const { choose } = createWorkerChoice<Worker>();
    const names = Array.from({ length: 6 }, () => choose(workers)?.name);
    expect(new Set(names.slice(0, 3)).size).toBe(3);
    expect(names.slice(3)).toEqual(names.slice(0, 3));
  });

  it("takes none when there is none", () => {
    expect(createWorkerChoice<Worker>().choose([], "key")).toBeUndefined();
  });
});

describe("an affinity", () => {
  it("stays with the worker that had the key last, up to a few more open invocations", () => {
    const [a, b] = [worker("a", 0), worker("b", 1)];
    const { choose } = createWorkerChoice<Worker>();
    expect(choose([a, b], "key")).toBe(a);
    a.open = 3;
    expect(choose([a, b], "key")).toBe(a);
    a.open = 4;
    expect(choose([a, b], "key")).toBe(b);
    a.open = 0;
    expect(choose([a, b], "key")).toBe(b);
  });

  it("goes elsewhere when its worker is no candidate, and stays there", () => {
    const [a, b] = [worker("a"), worker("b", 1)];
    const { choose } = createWorkerChoice<Worker>();
    expect(choose([a, b], "key")).toBe(a);
    expect(choose([b], "key")).toBe(b);
    expect(choose([a, b], "key")).toBe(b);
  });

  it("forgets the key that was used longest ago beyond its limit", () => {
    const [a, b] = [worker("a"), worker("b", 1)];
    const { choose } = createWorkerChoice<Worker>(2);
    for (const key of ["one", "two", "one", "three"]) choose([a, b], key);
    [a.open, b.open] = [2, 0];
    expect(choose([a, b], "one")).toBe(a);
    expect(choose([a, b], "two")).toBe(b);
  });

  it("forgets the keys of a worker that is gone", () => {
    const [a, b] = [worker("a"), worker("b", 1)];
    const { choose, forget } = createWorkerChoice<Worker>();
    choose([a, b], "key");
    forget(a);
    [a.open, b.open] = [1, 0];
    expect(choose([a, b], "key")).toBe(b);
  });

  it("that is new goes where the last invocation went, unless that one has more than one open invocation more", () => {
    const [a, b] = [worker("a", 0), worker("b", 1)];
    const { choose } = createWorkerChoice<Worker>();
    expect(choose([a, b])).toBe(a);
    a.open = 2;
    expect(choose([a, b], "one")).toBe(a);
    a.open = 3;
    expect(choose([a, b], "two")).toBe(b);
  });
});
