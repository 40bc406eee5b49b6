import type {
  InvocationRequest,
  InvocationResult,
} from "../worker-messages.ts";
import type { CoreInvocationContext } from "./core-api.ts";
import type { InvocationLog } from "./invocation-log.ts";
import {
  keepOrchestrator,
  type KeptOrchestrator,
  type NewActions,
} from "./kept-orchestrator.ts";

/** A finished invocation of an orchestrator function, whose context outlives it. */
export interface OrchestratorInvocation {
  readonly context: unknown;
  readonly coreContext: CoreInvocationContext;
  readonly log: InvocationLog;
  /** How many events of the history it has seen. */
  readonly seen: number;
}

/** Orchestrator functions that are kept where they wait: a bounded number, for a bounded time. */
export interface OrchestratorSessions {
  /** Runs the turn of a kept function. */
  resume(request: InvocationRequest): InvocationResult;
  /**
   * Readies the payload of a turn whose function is to be kept. One that checks is told that all of it has run before.
   *
   * @returns how many events of the history it holds
   */
  prepare(request: InvocationRequest, payload: unknown): number;
  /**
   * Keeps the function, if it waits, in place of the one that was kept for its execution.
   *
   * @returns the first action in which the two differ, where the request is a check
   */
  keep(
    request: InvocationRequest,
    invocation: OrchestratorInvocation,
  ): string | undefined;
}

interface Session extends Omit<OrchestratorInvocation, "seen"> {
  readonly orchestrator: KeptOrchestrator;
  readonly usedAt: number;
}

const mostSessions = 1000;
const longestIdleMs = 10 * 60_000;

/** Creates an empty set of sessions; `now` is in milliseconds. */
export function createOrchestratorSessions(
  now: () => number = performance.now.bind(performance),
): OrchestratorSessions {
  /** By execution, the one that was used longest ago first. */
  const sessions = new Map<string, Session>();

  const use = (executionId: string, session: Omit<Session, "usedAt">): void => {
    const usedAt = now();
    sessions.delete(executionId);
    sessions.set(executionId, { ...session, usedAt });
    for (const [id, oldest] of sessions) {
      const isIdle = usedAt - oldest.usedAt > longestIdleMs;
      if (!isIdle && sessions.size <= mostSessions) return;
      sessions.delete(id);
    }
  };

  return {
    resume(request) {
      const { executionId = "", resume } = request.session ?? {};
      const session = sessions.get(executionId);
      if (resume === undefined || session?.orchestrator.seen() !== resume.seen)
        return { kind: "completed", unresumed: "gone" };
      use(executionId, session);
      const text = request.inputData[0]?.data.string ?? "[]";
      const events = JSON.parse(text) as unknown[];
      const given = give(session, request, resume.from, events);
      if (given === undefined) return { kind: "completed", unresumed: "check" };
      const { state, repeatedTask } = given;
      return {
        kind: "completed",
        returnValue: { json: state },
        ...(repeatedTask !== undefined && { repeatedTask }),
      };
    },
    prepare({ session }, payload) {
      const { history } = payload as { history: HistoryEvent[] };
      const seen = history.length;
      if (session?.isCheck === true) markReplayed(history);
      return seen;
    },
    keep(request, { seen, ...invocation }) {
      const { executionId = "", isCheck } = request.session ?? {};
      const kept = sessions.get(executionId)?.orchestrator;
      sessions.delete(executionId);
      const orchestrator = keepOrchestrator(invocation.context, seen);
      if (orchestrator?.isWaiting() === true)
        use(executionId, { ...invocation, orchestrator });
      return isCheck === true && orchestrator !== undefined
        ? kept?.findDivergence(orchestrator)
        : undefined;
    },
  };
}

interface HistoryEvent {
  readonly EventType: number;
}

const orchestratorStarted = 12;

/** To the SDK, all that stands before the last start of a turn is a replay: another one is added. */
function markReplayed(history: HistoryEvent[]): void {
  const last = history.findLast(
    ({ EventType }) => EventType === orchestratorStarted,
  );
  if (last !== undefined) history.push({ ...last });
}

/** Undefined where only a replay can tell what the function did, and where the SDK failed. */
function give(
  { context, coreContext, log, orchestrator }: Session,
  request: InvocationRequest,
  from: number,
  events: readonly unknown[],
): NewActions | undefined {
  const { invocationId, traceContext } = request;
  Object.assign(context as object, { invocationId, traceContext });
  log.setRequest(request);
  // Else the library takes each line for one that was logged too late.
  coreContext.state = "postInvocationHooks";
  try {
    return orchestrator.give(from, events);
  } catch {
    return undefined;
  } finally {
    coreContext.state = undefined;
  }
}
