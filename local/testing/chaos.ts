import { createRandom } from "./random.ts";
import type { CommitDeath } from "./mortal-loop.ts";

/** What goes wrong, and how often: probabilities are from 0 to 1, and all of them default to 0. */
export interface ChaosPlan {
  /** Determines everything that is left to chance. Default 1. */
  readonly seed?: number;
  /** An invocation never reaches its function: its worker died first. */
  readonly lostCalls?: number;
  /**
   * A function ran, and its worker died before the result was recorded: it runs twice. Activities, orchestrator turns and
   * entities' batches run again at once; a message is delivered again, with its delivery count.
   */
  readonly lostResults?: number;
  /** A result, but not one for HTTP, is held back for up to `byMs` of the clock's time: it comes late and out of order. */
  readonly lateResults?: Late;
  /** A timer fires up to `byMs` late. */
  readonly lateTimers?: Late;
  /** A durable timer's message is delivered twice. */
  readonly doubleTimers?: number;
  /** The disk is slow: what waits for a commit waits that much of the clock's time. */
  readonly commitLatencyMs?: number;
  /** The host is killed at a commit, just before it or just after it, and started again. */
  readonly hostDeaths?: number;
  /** Faults at exact points, beside those of chance. */
  readonly faults?: readonly ChaosFault[];
  /** How many faults there are at most, so that every run comes to its end. Default 100. */
  readonly maxFaults?: number;
}

export interface Late {
  readonly probability: number;
  readonly byMs: number;
}

/** A fault at the n-th invocation or the n-th commit of the run, counted from 1. */
export type ChaosFault =
  | { readonly invocation: number; readonly is: InvocationFault }
  | { readonly commit: number; readonly is: CommitDeath };

/** `worker-death`: whatever runs at that moment is lost with it. */
export type InvocationFault = "lost-call" | "lost-result" | "worker-death";

/** One fault that happened. `nth` counts invocations, timers or commits from 1. */
export interface ChaosEvent {
  readonly fault:
    | InvocationFault
    | CommitDeath
    | "late-result"
    | "late-timer"
    | "double-timer";
  readonly nth: number;
  readonly functionName?: string;
  readonly byMs?: number;
}

/** Decides, and remembers, what goes wrong. */
export interface Chaos {
  readonly seed: number;
  /** What went wrong so far, in order. */
  readonly events: readonly ChaosEvent[];
  readonly commitLatencyMs: number;
  /** One line that says how to repeat the run. */
  report(): string;
  nextInvocation(
    functionName: string,
    canBeLate: boolean,
  ): {
    readonly fault: InvocationFault | undefined;
    readonly lateByMs: number;
  };
  nextTimer(): { readonly lateByMs: number; readonly isDouble: boolean };
  nextCommit(): CommitDeath | undefined;
}

/**
 * Creates the decisions of a plan. Each kind draws its own numbers, so that one fault does not move all others.
 *
 * @throws RangeError for a probability that is none.
 */
export function createChaos(plan: ChaosPlan = {}): Chaos {
  assertProbabilities(plan);
  const { seed = 1, maxFaults = 100, faults = [] } = plan;
  const events: ChaosEvent[] = [];
  const draws = ["calls", "results", "late", "timers", "double", "commits"].map(
    (_, index) => createRandom(seed * 31 + index),
  ) as [Draw, Draw, Draw, Draw, Draw, Draw];
  const [calls, results, late, timers, double, commits] = draws;
  let invocations = 0;
  let setTimers = 0;
  let begunCommits = 0;

  const happen = (event: ChaosEvent): void => void events.push(event);
  /** Draws in any case, so that the next decision does not depend on this one. */
  const strikes = (draw: Draw, probability = 0): boolean =>
    draw() < probability && events.length < maxFaults;
  const lateBy = (draw: Draw, plan: Late | undefined): number => {
    const isLate = strikes(draw, plan?.probability);
    const ms = Math.ceil(draw() * (plan?.byMs ?? 0));
    return isLate ? ms : 0;
  };

  return {
    seed,
    events,
    commitLatencyMs: plan.commitLatencyMs ?? 0,
    report: () =>
      `chaos seed ${seed}, ${events.length} faults: ${events.map(describe).join(", ") || "none"}`,
    nextInvocation(functionName, canBeLate) {
      const nth = ++invocations;
      const exact = faults.find(
        (fault) => "invocation" in fault && fault.invocation === nth,
      )?.is as InvocationFault | undefined;
      const isLostCall = strikes(calls, plan.lostCalls);
      const isLostResult = strikes(results, plan.lostResults);
      const drawnLateByMs = lateBy(late, plan.lateResults);
      const lateByMs = canBeLate ? drawnLateByMs : 0;
      const drawn = isLostCall
        ? "lost-call"
        : isLostResult
          ? "lost-result"
          : undefined;
      const fault = exact ?? drawn;
      if (fault !== undefined) happen({ fault, nth, functionName });
      else if (lateByMs > 0)
        happen({ fault: "late-result", nth, functionName, byMs: lateByMs });
      return { fault, lateByMs: fault === undefined ? lateByMs : 0 };
    },
    nextTimer() {
      const nth = ++setTimers;
      const lateByMs = lateBy(timers, plan.lateTimers);
      const isDouble = strikes(double, plan.doubleTimers);
      if (lateByMs > 0) happen({ fault: "late-timer", nth, byMs: lateByMs });
      if (isDouble) happen({ fault: "double-timer", nth });
      return { lateByMs, isDouble };
    },
    nextCommit() {
      const nth = ++begunCommits;
      const exact = faults.find(
        (fault) => "commit" in fault && fault.commit === nth,
      )?.is as CommitDeath | undefined;
      const isDeath = strikes(commits, plan.hostDeaths);
      const drawn = commits() < 0.5 ? "before-commit" : "after-commit";
      const death = exact ?? (isDeath ? drawn : undefined);
      if (death !== undefined) happen({ fault: death, nth });
      return death;
    },
  };
}

type Draw = () => number;

const probabilities = [
  "lostCalls",
  "lostResults",
  "lateResults",
  "lateTimers",
  "doubleTimers",
  "hostDeaths",
] as const satisfies readonly (keyof ChaosPlan)[];

function assertProbabilities(plan: ChaosPlan): void {
  for (const name of probabilities) {
    const given = plan[name] ?? 0;
    const value = typeof given === "number" ? given : given.probability;
    if (!(value >= 0 && value <= 1))
      throw new RangeError(
        `chaos.${name}: ${value} is no probability from 0 to 1.`,
      );
  }
}

function describe({ fault, nth, functionName, byMs }: ChaosEvent): string {
  const at = functionName === undefined ? "" : ` ${functionName}`;
  const by = byMs === undefined ? "" : ` by ${byMs} ms`;
  return `${fault} #${nth}${at}${by}`;
}
