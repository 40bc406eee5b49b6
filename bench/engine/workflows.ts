/**
 * What every engine runs: the same step, the same two shapes, the same check of what came out. The final value can be
 * right only if every step ran and gave its result to the next.
 */

/** `sequence`: steps one after another. `fan-out`: one step, then `width` at once, then one over their sum. */
export type Shape =
  | { readonly kind: "sequence"; readonly steps: number }
  | { readonly kind: "fan-out"; readonly width: number };

export const w1: Shape = { kind: "sequence", steps: 4 };
export const w2: Shape = { kind: "fan-out", width: 20 };

export interface StepInput {
  readonly value: number;
  readonly add: number;
}

export interface StepResult {
  readonly value: number;
  readonly text: string;
}

const text = "durable".repeat(39);

/** Does nothing but answer about 300 bytes of JSON. */
export function runStep({ value, add }: StepInput): StepResult {
  return { value: value + add, text };
}

export function sumOf(results: readonly StepResult[]): number {
  return results.reduce((sum, { value }) => sum + value, 0);
}

/** The value of a workflow's last step. */
function toExpectedValue(shape: Shape, seed: number): number {
  const upTo = (last: number) => (last * (last + 1)) / 2;
  return shape.kind === "sequence"
    ? seed + upTo(shape.steps)
    : shape.width * (seed + 1) + upTo(shape.width) + 1;
}

/** @throws Error unless `output` is what the workflow's last step must have answered. */
export function checkOutput(shape: Shape, seed: number, output: unknown): void {
  const { value, text: answered } = (output ?? {}) as Partial<StepResult>;
  const expected = toExpectedValue(shape, seed);
  if (value !== expected || answered !== text)
    throw new Error(
      `a ${shape.kind} of seed ${seed} answered ${JSON.stringify(output)?.slice(0, 80)}, not ${expected}`,
    );
}
