import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../durable/clock.ts";
import type { InvocationOutcome } from "../host/open-invocations.ts";
import type { InvocationRequest } from "../host/worker-messages.ts";
import type { Chaos } from "./chaos.ts";

/** Runs one function on whatever worker there is. */
export type RunFunction = (
  request: InvocationRequest,
  timeoutMs: number,
  dispatched?: (httpPort: number) => void,
) => Promise<InvocationOutcome>;

/** The functions of one host, between it and its workers. */
export interface RunningFunctions {
  readonly run: RunFunction;
  /** Invocations under way in a function. */
  executing(): number;
  /** Invocations of durable functions whose result is held back. */
  held(): number;
  /** Messages whose function ran and whose result is held back. */
  heldMessages(): number;
  /** How many invocations there were. */
  started(): number;
  /** Resolves when the next invocation ends. */
  ended(): Promise<void>;
  /** The host is killed: what runs is lost, and nothing runs for it any more. */
  die(): void;
}

export interface RunFunctionsOptions {
  readonly run: RunFunction;
  readonly chaos: Chaos;
  readonly clock: Clock;
  /** Who waits for the result: a result for HTTP is never held back, for its caller does not move the clock. */
  readonly callerOf: (functionName: string) => "http" | "messages" | "others";
  /** Orchestrators: each turn runs twice, and must decide the same. */
  readonly isReplayed: (functionName: string) => boolean;
  readonly onDifference: (functionName: string) => void;
}

/** Puts chaos and the check of replays between a host and its workers. */
export function createRunFunctions(
  options: RunFunctionsOptions,
): RunningFunctions {
  const { chaos, clock, callerOf } = options;
  const open = new Set<() => void>();
  let executing = 0;
  let held = 0;
  let heldMessages = 0;
  let started = 0;
  let isDead = false;
  let waiting: (() => void)[] = [];

  const loseAll = (): void => {
    for (const lose of open) lose();
  };
  const hold = async (
    request: InvocationRequest,
    lateByMs: number,
  ): Promise<void> => {
    const messages =
      callerOf(request.functionName) === "messages"
        ? countMessages(request)
        : 0;
    const count = (by: 1 | -1): void => {
      if (messages > 0) heldMessages += by * messages;
      else held += by;
    };
    count(1);
    await new Promise<void>((resolve) => {
      clock.setTimer(clock.now() + lateByMs, resolve);
    });
    count(-1);
  };
  const execute: RunFunction = async (...call) => {
    executing += 1;
    try {
      return await runChecked(options, ...call);
    } finally {
      executing -= 1;
      const due = waiting;
      waiting = [];
      for (const resolve of due) resolve();
    }
  };
  const runWithFaults: RunFunction = async (...call) => {
    const [request] = call;
    const { functionName } = request;
    const { fault, lateByMs } = chaos.nextInvocation(
      functionName,
      callerOf(functionName) !== "http",
    );
    if (fault === "worker-death") loseAll();
    if (fault === "lost-call" || fault === "worker-death")
      return { kind: "lost" };
    const outcome = await execute(...call);
    if (lateByMs > 0) await hold(request, lateByMs);
    return fault === "lost-result" ? { kind: "lost" } : outcome;
  };

  return {
    run(...call) {
      started += 1;
      return new Promise((resolve, reject) => {
        const lose = (): void => resolve({ kind: "lost" });
        if (isDead) {
          // Nobody is there to hear what a dead host's invocations come to; but its receivers end when they have heard.
          if (callerOf(call[0].functionName) === "messages") lose();
          return;
        }
        open.add(lose);
        runWithFaults(...call)
          .finally(() => open.delete(lose))
          .then(resolve, reject);
      });
    },
    executing: () => executing,
    held: () => held,
    heldMessages: () => heldMessages,
    started: () => started,
    ended: () => new Promise((resolve) => waiting.push(resolve)),
    die() {
      isDead = true;
      loseAll();
    },
  };
}

/** One, or as many as there are in the batch. */
function countMessages({ inputData }: InvocationRequest): number {
  const bodies = Object.values(inputData[0]?.data ?? {}).flatMap(
    (value: unknown) =>
      typeof value === "object" && value !== null ? Object.values(value) : [],
  );
  const batch = bodies.find(Array.isArray);
  return batch?.length ?? 1;
}

/** A turn that is checked is a replay, twice: no function is kept from turn to turn. */
async function runChecked(
  { run, isReplayed, onDifference }: RunFunctionsOptions,
  { session, ...request }: InvocationRequest,
  ...rest: [number, ((httpPort: number) => void)?]
): Promise<InvocationOutcome> {
  const { functionName } = request;
  if (!isReplayed(functionName))
    return run({ ...request, ...(session && { session }) }, ...rest);
  if (session?.resume !== undefined)
    return { kind: "completed", unresumed: "gone" };
  const outcome = await run(request, ...rest);
  const again = await run(request, ...rest);
  const isKnown = outcome.kind !== "lost" && again.kind !== "lost";
  if (isKnown && !isDeepStrictEqual(decision(again), decision(outcome)))
    onDifference(functionName);
  return outcome;
}

/** What an orchestrator decided; where it failed, without the stack of this very run. */
function decision(outcome: InvocationOutcome): unknown {
  if (outcome.kind === "failed") return outcome.error.message;
  return outcome.kind === "completed" ? outcome.returnValue : outcome;
}
