import { describe, expect, test } from "vitest";
import { runLoad } from "../../../bench/engine/run-load.ts";
import { createOutputWait } from "../../../bench/engine/wait-for-output.ts";
import {
  checkOutput,
  runStep,
  sumOf,
  w1,
  w2,
  type Shape,
  type StepResult,
} from "../../../bench/engine/workflows.ts";

/** What an engine does, without anything durable about it. */
function runPlainly(shape: Shape, seed: number): StepResult {
  if (shape.kind === "sequence") {
    let result: StepResult = { value: seed, text: "" };
    for (let add = 1; add <= shape.steps; add += 1)
      result = runStep({ value: result.value, add });
    return result;
  }
  const first = runStep({ value: seed, add: 1 });
  const branches = Array.from({ length: shape.width }, (_, index) =>
    runStep({ value: first.value, add: index + 1 }),
  );
  return runStep({ value: sumOf(branches), add: 1 });
}

describe("checkOutput", () => {
  test.each([w1, w2])("$kind: what the steps make is right", (shape) => {
    expect(() => checkOutput(shape, 7, runPlainly(shape, 7))).not.toThrow();
  });

  test("another instance's output, or one of which a step is missing, is wrong", () => {
    expect(() => checkOutput(w1, 7, runPlainly(w1, 8))).toThrow("not 17");
    expect(() =>
      checkOutput(w1, 7, runPlainly({ kind: "sequence", steps: 3 }, 7)),
    ).toThrow("not 17");
    expect(() => checkOutput(w1, 7, undefined)).toThrow("not 17");
  });

  test("a step answers about 300 bytes", () => {
    const bytes = JSON.stringify(runPlainly(w1, 1)).length;
    expect(bytes).toBeGreaterThan(280);
    expect(bytes).toBeLessThan(320);
  });
});

describe("runLoad", () => {
  test("runs as many workflows as asked, never more at once than there are clients", async () => {
    let atOnce = 0;
    let most = 0;

    const { latenciesMs } = await runLoad(
      { shape: w1, clients: 3, until: { count: 10 } },
      async (shape, seed) => {
        most = Math.max(most, (atOnce += 1));
        await Promise.resolve();
        atOnce -= 1;
        return runPlainly(shape, seed);
      },
    );

    expect(latenciesMs).toHaveLength(10);
    expect(most).toBe(3);
  });

  test("a wrong output ends the load with an error", async () => {
    const load = { shape: w1, clients: 2, until: { count: 4 } } as const;

    await expect(
      runLoad(load, () => Promise.resolve({ value: 0 })),
    ).rejects.toThrow("answered");
  });
});

describe("waiting by asking", () => {
  test("the output is what the first answer brings, after those that brought none", async () => {
    const wait = createOutputWait();
    const answers = [undefined, undefined, { output: "done" }];
    let asked = 0;

    const output = await wait(() => Promise.resolve(answers[asked++]));

    expect([output, asked]).toEqual(["done", 3]);
  });

  test("eight ask at a time, the oldest first; the others wait until one of them has its answer", async () => {
    const wait = createOutputWait();
    const asking: PromiseWithResolvers<{ output: number }>[] = [];
    const waits = Array.from({ length: 10 }, () =>
      wait(() => {
        const question = Promise.withResolvers<{ output: number }>();
        asking.push(question);
        return question.promise;
      }),
    );
    expect(asking).toHaveLength(8);

    asking[0]?.resolve({ output: 0 });
    await waits[0];
    await expect.poll(() => asking.length).toBe(9);
    for (let n = 1; n < 10; n += 1) {
      await expect.poll(() => asking.length).toBeGreaterThan(n);
      asking[n]?.resolve({ output: n });
    }

    expect(await Promise.all(waits)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("a question that fails makes room for the next", async () => {
    const wait = createOutputWait();
    const failing = Array.from({ length: 8 }, () =>
      wait(() => Promise.reject(new Error("gone"))),
    );
    const last = wait(() => Promise.resolve({ output: "done" }));

    expect(
      (await Promise.allSettled(failing)).map(({ status }) => status),
    ).toEqual(Array.from({ length: 8 }, () => "rejected"));
    expect(await last).toBe("done");
  });
});
