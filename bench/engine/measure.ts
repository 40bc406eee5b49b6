import type { Engine } from "./engine.ts";
import type { OtherLoadWatch } from "./other-load.ts";
import type { LoadResult } from "./run-load.ts";
import type { Workload } from "./workloads.ts";

export interface Repeat {
  readonly result: LoadResult;
  /** What the engine and its clients took, in milliseconds for each workflow. */
  readonly cpuMsPerWorkflow: number;
  /** The share of the machine that others took meanwhile, 0 to 1. */
  readonly otherLoad: number;
}

/** Above this a repeat says more about the machine than about the engine. */
export const dirtyOtherLoad = 0.1;

/**
 * Measures a workload on engines in turn: each once, then each again. A repeat that others disturbed is done again, at
 * most `tries` times in all, and the least disturbed is taken.
 *
 * @returns the repeats of each engine.
 */
export async function measure(
  engines: readonly Engine[],
  workload: Workload,
  options: {
    readonly repeats: number;
    readonly tries: number;
    readonly watchOthers: () => OtherLoadWatch;
    readonly say: (line: string) => void;
  },
): Promise<ReadonlyMap<Engine, readonly Repeat[]>> {
  const repeats = new Map<Engine, Repeat[]>(
    engines.map((engine) => [engine, []]),
  );
  for (const { run } of engines) await run(workload.warmUp);
  for (let turn = 1; turn <= options.repeats; turn += 1)
    for (const [engine, own] of repeats) {
      const repeat = await measureOnce(engine, workload, options);
      own.push(repeat);
      options.say(toLine(engine, workload, repeat));
    }
  return repeats;
}

async function measureOnce(
  engine: Engine,
  { load }: Workload,
  options: {
    readonly tries: number;
    readonly watchOthers: () => OtherLoadWatch;
  },
): Promise<Repeat> {
  let best: Repeat | undefined;
  for (let tries = 0; tries < options.tries; tries += 1) {
    const others = options.watchOthers();
    const cpuMsBefore = engine.cpuMs();
    const result = await engine.run(load);
    const cpuMs = engine.cpuMs() - cpuMsBefore;
    const repeat = {
      result,
      cpuMsPerWorkflow: cpuMs / result.latenciesMs.length,
      otherLoad: others(),
    };
    if (best === undefined || repeat.otherLoad < best.otherLoad) best = repeat;
    if (best.otherLoad <= dirtyOtherLoad) break;
  }
  if (best === undefined) throw new Error("nothing was measured");
  return best;
}

function toLine(
  engine: Engine,
  { metrics }: Workload,
  { result, otherLoad }: Repeat,
): string {
  const values = metrics.map(
    ({ name, unit, read }) => `${name} ${read(result).toFixed(1)} ${unit}`,
  );
  return `${engine.name}: ${values.join(", ")}; others took ${(otherLoad * 100).toFixed(0)} %`;
}
