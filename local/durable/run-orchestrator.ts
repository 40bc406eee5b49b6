import type { WorkerPort } from "../worker-port.ts";
import { createActionReplay, type ActionReplay } from "./action-replay.ts";
import type { DurableMode } from "./durable-mode.ts";
import type { FunctionNames } from "./function-names.ts";
import type { CachedHistory } from "./history-cache.ts";
import { encodeEvent, EventType, type HistoryEvent } from "./history-event.ts";
import type { InstanceRecord } from "./instance-record.ts";
import type { LiveInstance } from "./live-instance.ts";
import { toOrchestratorPayload } from "./orchestrator-payload.ts";
import { toReplayEvent } from "./replay-event.ts";
import { turnsPerInstance } from "./schema.ts";
import {
  evaluateResumed,
  evaluateTurn,
  failedTurn,
  terminatedTurn,
  versionMismatchTurn,
  type ContinuedTurn,
  type TurnResult,
} from "./turn-result.ts";
import {
  createTurnSessions,
  type TurnSession,
  type TurnSessions,
} from "./turn-sessions.ts";
import type { VersionPolicy } from "./version-policy.ts";

export interface RunOrchestratorOptions {
  readonly worker: WorkerPort;
  readonly names: FunctionNames;
  readonly defaultVersion: string;
  readonly mode: DurableMode;
  readonly versions: VersionPolicy;
  readonly shortestKeptHistory?: number | undefined;
}

export interface OrchestratorRun {
  readonly live: LiveInstance;
  readonly history: CachedHistory;
  /** OrchestratorStarted and the messages of this turn. */
  readonly newEvents: readonly HistoryEvent[];
}

/** Runs the orchestrator function for one turn. Resolves with undefined when the worker was lost: the turn runs again. */
export type RunOrchestrator = (
  run: OrchestratorRun,
) => Promise<TurnResult | undefined>;

/** Creates what runs orchestrator functions: from where they wait while they have a session, else from their start. */
export function createRunOrchestrator(
  options: RunOrchestratorOptions,
): RunOrchestrator {
  const { worker, names, mode } = options;
  const sessions =
    mode === "strict" && worker.resumeOrchestrator !== undefined
      ? createTurnSessions(options.shortestKeptHistory)
      : undefined;
  return async (run) => {
    const refused = refuse(options, run);
    if (refused !== undefined) return refused;
    const { record, nextTurn } = run.live;
    const name = names.orchestrator(record.name);
    if (name === undefined) return unknownOrchestrator(record);
    const context = { ...options, sessions, name };
    const session = sessions?.take(record.executionId, nextTurn);
    if (session === undefined) return replay(context, run, false);
    const resumed = await resume(context, run, session);
    if (resumed === "gone" || resumed === "lost")
      return replay(context, run, false);
    const isDue = sessions?.isDue(session, lengthOf(run)) === true;
    return resumed === "check" || isDue ? replay(context, run, true) : resumed;
  };
}

interface RunContext extends RunOrchestratorOptions {
  readonly sessions: TurnSessions | undefined;
  /** The registered name. */
  readonly name: string;
}

/** The length of the history, the events of this turn included. */
function lengthOf({ history, newEvents }: OrchestratorRun): number {
  return history.events.length + newEvents.length;
}

/** What a turn comes to without the function, if it does. */
function refuse(
  { versions }: RunOrchestratorOptions,
  { live, history, newEvents }: OrchestratorRun,
): TurnResult | undefined {
  const { record } = live;
  for (const event of newEvents) {
    if (event.EventType === EventType.ExecutionTerminated) {
      return terminatedTurn(record, event.Input, nextIdAfter(history));
    }
  }
  if (versions(record.version) === "fail") return versionMismatchTurn(record);
  if (live.nextTurn < turnsPerInstance - 1) return undefined;
  return failedTurn(
    record,
    `The execution has had ${turnsPerInstance} turns. Use continue-as-new.`,
  );
}

/** Ids are taken in order, and what completes an action has the action's. */
function nextIdAfter({ events }: CachedHistory): number {
  return events.reduce((next, { id }) => Math.max(next, id + 1), 0);
}

/** `check`: the function has run the turn, and only its replay can tell what follows. `gone`, `lost`: it has not. */
async function resume(
  { worker, sessions, name }: RunContext,
  run: OrchestratorRun,
  session: TurnSession,
): Promise<ContinuedTurn | "check" | "gone" | "lost"> {
  const { live, history, newEvents } = run;
  const { record } = live;
  const { executionId } = record;
  const { seen, lastTurnFrom } = session;
  const outcome = await worker.resumeOrchestrator?.({
    name,
    executionId,
    seen,
    from: lastTurnFrom,
    events: `[${history.lastTurn},${encodeNew(newEvents)}]`,
  });
  if (outcome?.kind !== "waiting") return outcome?.kind ?? "gone";
  const result = evaluateResumed({
    outcome,
    record,
    replay: session.replay,
    events: [...history.events.slice(seen), ...newEvents.map(toReplayEvent)],
  });
  if (result === undefined) return "check";
  sessions?.keep(executionId, {
    ...session,
    turn: live.nextTurn + 1,
    seen: lengthOf(run),
    lastTurnFrom: history.events.length,
  });
  return result;
}

/** `isCheck`: the kept function has run this turn. */
async function replay(
  context: RunContext,
  run: OrchestratorRun,
  isCheck: boolean,
): Promise<TurnResult | undefined> {
  const { worker, sessions, name, mode } = context;
  const { live, history, newEvents } = run;
  const { record, nextTurn } = live;
  const { executionId } = record;
  const length = lengthOf(run);
  const isKept = sessions?.isWorthwhile(length) === true;
  const outcome = await worker.invokeOrchestrator(
    name,
    toOrchestratorPayload(record, history.text, encodeNew(newEvents)),
    isKept ? { executionId, isCheck } : undefined,
  );
  if (outcome.kind === "lost") return undefined;
  const actionReplay = newReplay(context, record);
  const result = evaluateTurn({
    outcome,
    record,
    replay: actionReplay,
    events: [...history.events, ...newEvents.map(toReplayEvent)],
    mode,
  });
  if (isKept && result.kind === "continued") {
    sessions?.keep(executionId, {
      replay: actionReplay,
      turn: nextTurn + 1,
      seen: length,
      lastTurnFrom: history.events.length,
      replayedAt: length,
    });
  }
  return result;
}

function newReplay(
  { names, defaultVersion, mode }: RunOrchestratorOptions,
  { id, executionId, parent }: InstanceRecord,
): ActionReplay {
  const parentInstanceId = parent?.instanceId;
  return createActionReplay({
    instance: { id, executionId, parentInstanceId },
    names,
    defaultVersion,
    mode,
  });
}

function unknownOrchestrator(record: InstanceRecord): TurnResult {
  return failedTurn(
    record,
    `The orchestrator function '${record.name}' does not exist in this app.`,
  );
}

/** Comma-separated events of the turn that is about to run. */
function encodeNew(events: readonly HistoryEvent[]): string {
  return events.map((event) => encodeEvent(event, false)).join(",");
}
