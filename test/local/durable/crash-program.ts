import { appendFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { createSdkApp, df, type SdkApp } from "./support/sdk-worker.ts";

/** A small orchestration as data; the orchestrator `program` runs it. */
export type Step =
  | { readonly kind: "activity"; readonly value: number }
  | { readonly kind: "flaky"; readonly failures: number }
  | { readonly kind: "sleep"; readonly ms: number }
  | { readonly kind: "all"; readonly values: readonly number[] }
  | { readonly kind: "race"; readonly value: number }
  | { readonly kind: "event"; readonly name: string }
  | { readonly kind: "entity"; readonly values: readonly number[] }
  | { readonly kind: "lock"; readonly value: number }
  | { readonly kind: "child"; readonly steps: readonly Step[] };

export interface Program {
  readonly steps: readonly Step[];
  /** How often it continues as new. */
  readonly loops: number;
  /** The first wait of a retry. Default 1 s. */
  readonly retryMs?: number;
}

/** Counts the attempts of flaky activities: in a folder, where the count survives whoever counts. */
export interface Attempts {
  /** How many attempts there were with this one. */
  count(key: string): number;
}

export function createFolderAttempts(folder: string): Attempts {
  return {
    count(key) {
      const file = join(folder, key.replaceAll(/[^\w-]/g, "_"));
      appendFileSync(file, ".");
      return statSync(file).size;
    },
  };
}

/** Defines the app of the generated orchestrations. */
export function defineProgram(attempts: Attempts): SdkApp {
  return createSdkApp(() => {
    df.app.activity("square", { handler: (value: number) => value * value });
    df.app.activity("flaky", {
      handler: (input: { key: string; failures: number }) => {
        if (attempts.count(input.key) <= input.failures)
          throw new Error("not yet");
        return "at last";
      },
    });
    df.app.entity("sum", (context) => {
      const sum = (context.df.getState(() => 0) ?? 0) as number;
      if (context.df.operationName === "get") return context.df.return(sum);
      context.df.setState(sum + (context.df.getInput<number>() ?? 0));
      // Each sum tells another entity, which tells nobody.
      if (context.df.entityKey === "total") return;
      const total = new df.EntityId("sum", "total");
      context.df.signalEntity(total, "add", context.df.getInput());
    });
    df.app.orchestration("program", function* (context) {
      const program = context.df.getInput<Program>() ?? { steps: [], loops: 0 };
      const { steps, loops } = program;
      const results: unknown[] = [];
      for (const index of steps.keys())
        yield* runStep(context, program, index, results);
      if (loops === 0) return results;
      context.df.continueAsNew({ ...program, loops: loops - 1 });
      return undefined;
    });
  });
}

function* runStep(
  context: df.OrchestrationContext,
  { steps, loops, retryMs = 1000 }: Program,
  index: number,
  results: unknown[],
): Generator<df.Task, void, unknown> {
  const step = steps[index];
  const at = (ms: number): Date =>
    new Date(context.df.currentUtcDateTime.getTime() + ms);
  switch (step?.kind) {
    case undefined:
      break;
    case "activity":
      results.push(yield context.df.callActivity("square", step.value));
      break;
    case "flaky":
      results.push(
        yield context.df.callActivityWithRetry(
          "flaky",
          new df.RetryOptions(retryMs, 4),
          {
            key: `${context.df.instanceId}/${index}/${loops}`,
            failures: step.failures,
          },
        ),
      );
      break;
    case "sleep":
      yield context.df.createTimer(at(step.ms));
      results.push("slept");
      break;
    case "all":
      results.push(
        yield context.df.Task.all(
          step.values.map((value) => context.df.callActivity("square", value)),
        ),
      );
      break;
    case "race": {
      const deadline = context.df.createTimer(at(3_600_000));
      const work = context.df.callActivity("square", step.value);
      const winner = yield context.df.Task.any([work, deadline]);
      deadline.cancel();
      results.push(winner === work ? work.result : "late");
      break;
    }
    case "event":
      results.push(yield context.df.waitForExternalEvent(step.name));
      break;
    case "entity": {
      const sum = new df.EntityId("sum", `${context.df.instanceId}/${index}`);
      for (const value of step.values)
        context.df.signalEntity(sum, "add", value);
      results.push(yield context.df.callEntity(sum, "get"));
      break;
    }
    case "lock": {
      const ids = ["left", "right"].map((key) => new df.EntityId("sum", key));
      const lock = (yield context.df.lock(ids)) as { release(): void };
      for (const id of ids) {
        const before = (yield context.df.callEntity(id, "get")) as number;
        yield context.df.callEntity(id, "add", step.value);
        // Whoever else adds to it while it is locked shows here.
        const after = (yield context.df.callEntity(id, "get")) as number;
        results.push(after - before);
      }
      // Every second time the end of the orchestration ends the lock.
      if (index + 1 < steps.length) lock.release();
      break;
    }
    case "child":
      results.push(
        yield context.df.callSubOrchestrator("program", {
          steps: step.steps,
          loops: 0,
          retryMs,
        }),
      );
      break;
    default:
      throw new Error(String(step satisfies never));
  }
}

/** The events that its steps wait for. */
export function eventNames(steps: readonly Step[]): string[] {
  return steps.flatMap((step) => (step.kind === "event" ? [step.name] : []));
}
