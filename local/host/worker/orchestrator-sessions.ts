import {
  joinEvents,
  joinPayload,
  splitPayload,
} from "../../durable/orchestrator-payload.ts";
import type {
  CompletedInvocation,
  InvocationRequest,
  InvocationResult,
  OrchestratorSession,
} from "../worker-messages.ts";
import type { CoreInvocationContext } from "./core-api.ts";
import type { InvocationLog } from "./invocation-log.ts";
import {
  keepOrchestrator,
  readOrchestratorEnd,
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

/** Runs an orchestrator function from its start. */
export type Replay = (request: InvocationRequest) => Promise<InvocationResult>;

/** Orchestrator functions that are kept where they wait: a bounded number, for a bounded time. */
export interface OrchestratorSessions {
  /**
   * Runs the turn of a kept function; where only its replay can tell what follows, or one is due, replays it too, as long
   * as its history is short enough to be held here.
   */
  resume(
    request: InvocationRequest,
    replay: Replay,
  ): CompletedInvocation | Promise<CompletedInvocation>;
  /** The request of a turn that nobody asked for by a message of its own; undefined when its function is not kept. */
  toRequest(
    session: OrchestratorSession,
    invocationId: string,
    events: string,
  ): InvocationRequest | undefined;
  /**
   * Readies the payload of a turn whose function is to be kept. One that checks is told that all of it has run before.
   *
   * @returns how many events of the history it holds
   */
  prepare(request: InvocationRequest, payload: unknown): number;
  /**
   * Whether the function, replayed to check the one that is kept, has ended as that one has not: what it returned or
   * threw depends on `isReplaying`, and only a replay whose last turn is none tells it as Azure does.
   */
  endsOtherwise(request: InvocationRequest, context: unknown): boolean;
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
  /** That of its last replay, without the payload. */
  readonly request: InvocationRequest;
  /** The turns before its last one, and what stands behind the events of a payload; undefined when they are long. */
  readonly replayable:
    { readonly history: string; readonly tail: string } | undefined;
  readonly usedAt: number;
}

const mostSessions = 1000;
const longestIdleMs = 10 * 60_000;
/** Of a payload that is held here, in characters: a thousand of them are 64 MiB at most. */
const longestHeld = 64 * 1024;

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

  /** The execution's function, unless it was kept by another replay than `sessionId`'s. */
  const findSame = (
    executionId: string,
    sessionId: string | undefined,
  ): Session | undefined => {
    const session = sessions.get(executionId);
    return session?.request.session?.sessionId === sessionId
      ? session
      : undefined;
  };

  const find = ({
    executionId,
    sessionId,
    resume,
  }: OrchestratorSession): Session | undefined => {
    const session = findSame(executionId, sessionId);
    return session?.orchestrator.seen() === resume?.seen ? session : undefined;
  };

  return {
    resume(request, replay) {
      const { session: asked } = request;
      const session = asked && find(asked);
      if (asked?.resume === undefined || session === undefined)
        return { kind: "completed", unresumed: "gone" };
      const { executionId, sessionId, resume } = asked;
      const events = textOf(request);
      const replayable = addTurn(session, resume.lastTurn);
      use(executionId, { ...session, replayable });
      const given = give(session, request, resume, events);
      if (given !== undefined && !resume.isDue) return toResult(given);
      if (replayable === undefined)
        return { kind: "completed", unresumed: "check" };
      const { history, tail } = replayable;
      const { text, ...payload } = joinPayload(history, events, tail);
      return replay({
        ...withInput(request, text),
        session: { executionId, sessionId, checks: sessionId, payload },
      }).then((replayed) => ({ kind: "completed", replayed }));
    },
    toRequest(asked, invocationId, events) {
      const session = find(asked);
      return (
        session && {
          ...withInput(session.request, events),
          invocationId,
          session: asked,
        }
      );
    },
    prepare({ session }, payload) {
      const { history } = payload as { history: HistoryEvent[] };
      const seen = history.length;
      if (session?.checks !== undefined) markReplayed(history);
      return seen;
    },
    endsOtherwise({ session }, context) {
      const { executionId = "", checks } = session ?? {};
      if (checks === undefined) return false;
      const kept = findSame(executionId, checks)?.orchestrator.end();
      if (kept === undefined) return false;
      const replayed = readOrchestratorEnd(context);
      return replayed !== undefined && replayed !== kept;
    },
    keep(request, { seen, ...invocation }) {
      const { executionId = "", checks } = request.session ?? {};
      const checked = checks && findSame(executionId, checks)?.orchestrator;
      sessions.delete(executionId);
      const orchestrator = keepOrchestrator(invocation.context, seen);
      if (orchestrator?.isWaiting() === true)
        use(executionId, {
          ...invocation,
          orchestrator,
          request: withInput(request, ""),
          replayable: toReplayable(request),
        });
      return checked && orchestrator && checked.findDivergence(orchestrator);
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

function textOf({ inputData }: InvocationRequest): string {
  return inputData[0]?.data.string ?? "";
}

function withInput(request: InvocationRequest, text: string) {
  const [input, ...others] = request.inputData;
  const name = input?.name ?? "";
  return {
    ...request,
    inputData: [{ name, data: { string: text } }, ...others],
  };
}

function toReplayable(request: InvocationRequest): Session["replayable"] {
  const { payload } = request.session ?? {};
  const text = textOf(request);
  return payload === undefined || text.length > longestHeld
    ? undefined
    : splitPayload({ text, ...payload });
}

/** The history with its last turn, which it now has as it was recorded. */
function addTurn(
  { replayable }: Session,
  lastTurn: string,
): Session["replayable"] {
  if (replayable === undefined) return undefined;
  const { history, tail } = replayable;
  return history.length + lastTurn.length + tail.length > longestHeld
    ? undefined
    : { history: joinEvents(history, lastTurn), tail };
}

function toResult({ state, repeatedTask }: NewActions): CompletedInvocation {
  return {
    kind: "completed",
    returnValue: { json: state },
    ...(repeatedTask !== undefined && { repeatedTask }),
  };
}

/** Undefined where only a replay can tell what the function did, and where the SDK failed. */
function give(
  { context, coreContext, log, orchestrator }: Session,
  request: InvocationRequest,
  { from, lastTurn }: { readonly from: number; readonly lastTurn: string },
  events: string,
): NewActions | undefined {
  const { invocationId, traceContext } = request;
  Object.assign(context as object, { invocationId, traceContext });
  log.setRequest(request);
  // Else the library takes each line for one that was logged too late.
  coreContext.state = "postInvocationHooks";
  try {
    return orchestrator.give(
      from,
      JSON.parse(`[${joinEvents(lastTurn, events)}]`) as unknown[],
    );
  } catch {
    return undefined;
  } finally {
    coreContext.state = undefined;
  }
}
