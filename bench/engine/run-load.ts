import { checkOutput, type Shape } from "./workflows.ts";

/** Clients that each start a workflow, wait for its output, and start the next, for a time or for a number. */
export interface Load {
  readonly shape: Shape;
  readonly clients: number;
  readonly until: { readonly ms: number } | { readonly count: number };
}

export interface LoadResult {
  /** From the first start to the last output. */
  readonly totalMs: number;
  /** From start to output, one for each workflow. */
  readonly latenciesMs: readonly number[];
}

/** Starts one workflow and answers its output when it has ended. */
export type RunWorkflow = (shape: Shape, seed: number) => Promise<unknown>;

/** Puts the load on an engine; every output is checked. */
export async function runLoad(
  { shape, clients, until }: Load,
  runWorkflow: RunWorkflow,
): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  const startedAt = performance.now();
  let seed = 0;
  const isOver = () =>
    "count" in until
      ? seed >= until.count
      : performance.now() - startedAt >= until.ms;
  const runClient = async () => {
    while (!isOver()) {
      const own = (seed += 1);
      const at = performance.now();
      checkOutput(shape, own, await runWorkflow(shape, own));
      latenciesMs.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: clients }, runClient));
  return { totalMs: performance.now() - startedAt, latenciesMs };
}
