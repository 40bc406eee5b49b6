import { randomUUID } from "node:crypto";

import type {
  KeptTurn,
  OrchestratorOutcome,
  OrchestratorResumption,
  WorkerPort,
} from "../worker-port.ts";
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
  /** What the turn came to, where the worker has run it already. */
  readonly followed?: OrchestratorResumption | undefined;
}

export interface OrchestratorRunner {
  /** Runs the orchestrator function for one turn. Resolves with undefined when the worker was lost: it runs again. */
  run(run: OrchestratorRun): Promise<TurnResult | undefined>;
  /** The next turn of the instance, were it to bring one event and nothing else; undefined when its function is not kept. */
  findKept(live: LiveInstance, history: CachedHistory): KeptTurn | undefined;
}

/** Creates what runs orchestrator functions: from where they wait while they have a session, else from their start. */
export function createOrchestratorRunner(
  options: RunOrchestratorOptions,
): OrchestratorRunner {
  const { worker, names, mode } = options;
  const sessions =
    mode === "strict" && worker.resumeOrchestrator !== undefined
      ? createTurnSessions(options.shortestKeptHistory)
      : undefined;
  return {
    async run(run) {
      const refused = refuse(options, run);
      if (refused !== undefined) return refused;
      const { record, nextTurn } = run.live;
      const name = names.orchestrator(record.name);
      if (name === undefined) return unknownOrchestrator(record);
      const context = { ...options, sessions, name };
      const session = sessions?.take(record.executionId, nextTurn);
      if (session === undefined) return replay(context, run);
      const resumed = await resume(context, run, session);
      if (resumed === "gone" || resumed === "lost") return replay(context, run);
      return resumed === "check" ? replay(context, run, session.id) : resumed;
    },
    findKept({ record, nextTurn }, history) {
      const session = sessions?.find(record.executionId, nextTurn);
      return (
        session &&
        toKeptTurn(record, history, session, {
          isDue:
            sessions?.isDue(
              session,
              history.events.length + eventsOfOneMessage,
            ) === true,
        })
      );
    },
  };
}

/** OrchestratorStarted and the message. */
const eventsOfOneMessage = 2;

function toKeptTurn(
  { executionId }: InstanceRecord,
  { lastTurn }: CachedHistory,
  { id, seen, lastTurnFrom }: TurnSession,
  { isDue }: { readonly isDue: boolean },
): KeptTurn {
  return {
    executionId,
    sessionId: id,
    seen,
    from: lastTurnFrom,
    lastTurn,
    isDue,
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
  context: RunContext,
  run: OrchestratorRun,
  session: TurnSession,
): Promise<TurnResult | "check" | "gone" | "lost"> {
  const { worker, sessions, name } = context;
  const { live, history, newEvents } = run;
  const { record } = live;
  const isDue = sessions?.isDue(session, lengthOf(run)) === true;
  const outcome =
    run.followed ??
    (await worker.resumeOrchestrator?.({
      ...toKeptTurn(record, history, session, { isDue }),
      name,
      events: encodeNew(newEvents),
    }));
  if (outcome?.kind === "replayed")
    return toReplayedTurn(context, run, {
      outcome: outcome.outcome,
      sessionId: session.id,
    });
  if (outcome?.kind !== "waiting") return outcome?.kind ?? "gone";
  const result = isDue
    ? undefined
    : evaluateResumed({
        outcome,
        replay: session.replay,
        events: [
          ...history.events.slice(session.seen),
          ...newEvents.map(toReplayEvent),
        ],
      });
  if (result === undefined) return "check";
  sessions?.keep(record.executionId, {
    ...session,
    turn: live.nextTurn + 1,
    seen: lengthOf(run),
    lastTurnFrom: history.events.length,
  });
  return result;
}

/** `checks`: the session whose function has run this turn. */
async function replay(
  context: RunContext,
  run: OrchestratorRun,
  checks?: string,
): Promise<TurnResult | undefined> {
  const { worker, name } = context;
  const { live, history, newEvents } = run;
  const { executionId } = live.record;
  const { text, ...parts } = toOrchestratorPayload(
    live.record,
    history.text,
    encodeNew(newEvents),
  );
  const sessionId = randomUUID();
  const session = {
    executionId,
    sessionId,
    ...parts,
    ...(checks !== undefined && { checks }),
  };
  const outcome = await worker.invokeOrchestrator(
    name,
    text,
    isKept(context, run) ? session : undefined,
  );
  return outcome.kind === "lost"
    ? undefined
    : toReplayedTurn(context, run, { outcome, sessionId });
}

function isKept({ sessions }: RunContext, run: OrchestratorRun): boolean {
  return sessions?.isKept(lengthOf(run)) === true;
}

/** What follows from the replay of a function, which its worker keeps if it waits. */
function toReplayedTurn(
  context: RunContext,
  run: OrchestratorRun,
  {
    outcome,
    sessionId,
  }: {
    readonly outcome: Exclude<OrchestratorOutcome, { kind: "lost" }>;
    readonly sessionId: string;
  },
): TurnResult {
  const { sessions, mode } = context;
  const { live, history, newEvents } = run;
  const { record, nextTurn } = live;
  const length = lengthOf(run);
  const actionReplay = newReplay(context, record);
  const result = evaluateTurn({
    outcome,
    record,
    carriedStatus: nextTurn === 0 ? record.customStatus : undefined,
    replay: actionReplay,
    events: [...history.events, ...newEvents.map(toReplayEvent)],
    mode,
  });
  if (isKept(context, run) && result.kind === "continued") {
    sessions?.keep(record.executionId, {
      id: sessionId,
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
