import type {
  ActivityOutcome,
  EntityOutcome,
  FollowingTurn,
  KeptTurn,
  NewOrchestratorSession,
  OrchestratorOutcome,
  OrchestratorResumption,
  WorkerPort,
} from "../worker-port.ts";
import type { CatalogedFunction } from "./function-catalogue.ts";
import type { Invoker } from "./invoker.ts";
import { toJsonText, toStringData } from "./typed-data.ts";
import type { TypedData } from "./typed-data.ts";
import type { InvocationOutcome } from "./open-invocations.ts";
import type {
  FollowRequest,
  InvocationResult,
  OrchestratorSession,
} from "./worker-messages.ts";

/** What a failed orchestrator's error message carries its state behind. */
const outOfProcLabel = "$OutOfProcData$:";

/** The durable engine's way to the app: orchestrator turns and activities as invocations of the worker. */
export function createWorkerPort(
  invoker: Invoker,
  functions: ReadonlyMap<string, CatalogedFunction>,
  functionTimeoutText: string,
): WorkerPort {
  return {
    async invokeOrchestrator(name, payload, session) {
      const called = functions.get(name);
      if (called === undefined) return notRegistered(name);
      return toOrchestratorOutcome(
        await invoker.invoke({
          called,
          data: { string: payload },
          session: session && toNewSession(session),
        }),
      );
    },
    async resumeOrchestrator({ name, events, ...turn }) {
      const called = functions.get(name);
      if (called === undefined) return { kind: "gone" };
      return toOrchestratorResumption(
        await invoker.invoke({
          called,
          data: { string: events },
          session: toKeptSession(turn),
        }),
      );
    },
    async invokeActivity({ name, instanceId, input, traceparent, follow }) {
      const called = functions.get(name);
      if (called === undefined) return { ...notRegistered(name), stack: "" };
      const data = toActivityData(input);
      const outcome = await invoker.invoke({
        called,
        data,
        triggerMetadata: {
          instanceId: toStringData(instanceId),
          ...(data === undefined ? {} : { data }),
        },
        traceparent,
        ...(follow !== undefined && { follow: toFollowRequest(follow) }),
      });
      return toActivityOutcome(name, outcome, functionTimeoutText);
    },
    async invokeEntity(name, payload, traceparent) {
      const called = functions.get(name);
      if (called === undefined) return notRegistered(name);
      return toEntityOutcome(
        name,
        await invoker.invoke({
          called,
          data: { string: payload },
          traceparent,
        }),
        functionTimeoutText,
      );
    },
  };
}

function toNewSession({
  executionId,
  sessionId,
  checks,
  turnAt,
  tailAt,
}: NewOrchestratorSession): OrchestratorSession {
  return {
    executionId,
    sessionId,
    payload: { turnAt, tailAt },
    ...(checks !== undefined && { checks }),
  };
}

function toKeptSession({
  executionId,
  sessionId,
  seen,
  from,
  lastTurn,
  isDue,
}: KeptTurn): OrchestratorSession {
  return { executionId, sessionId, resume: { seen, from, lastTurn, isDue } };
}

function toFollowRequest(turn: FollowingTurn): FollowRequest {
  const { taskId, notBefore } = turn;
  return { session: toKeptSession(turn), taskId, notBefore };
}

/** JSON text, which the library parses: a string such as "42" stays one. Null and nothing are no value. */
function toActivityData(input: string | undefined): TypedData | undefined {
  if (input === undefined || input === "null") return undefined;
  return { string: input };
}

function toOrchestratorOutcome(
  outcome: InvocationOutcome,
): OrchestratorOutcome {
  return outcome.kind === "timeout" || outcome.kind === "lost"
    ? // A turn that ran out of time is aborted and run again, as on Azure.
      { kind: "lost" }
    : toReplayOutcome(outcome);
}

function toReplayOutcome(
  outcome: InvocationResult,
): Exclude<OrchestratorOutcome, { kind: "lost" }> {
  switch (outcome.kind) {
    case "completed": {
      const { repeatedTask, divergence, returnValue } = outcome;
      const state = returnValue?.json ?? returnValue?.string;
      return state === undefined
        ? { kind: "failed", message: "The orchestrator returned no state." }
        : {
            kind: "state",
            state,
            ...(repeatedTask !== undefined && { repeatedTask }),
            ...(divergence !== undefined && { divergence }),
          };
    }
    case "failed": {
      const { message } = outcome.error;
      const label = message.indexOf(outOfProcLabel);
      return label < 0
        ? { kind: "failed", message }
        : {
            kind: "state",
            state: message.slice(label + outOfProcLabel.length).trim(),
            isThrown: true,
          };
    }
    default:
      return outcome satisfies never;
  }
}

function toOrchestratorResumption(
  outcome: InvocationOutcome,
): OrchestratorResumption {
  if (outcome.kind === "timeout" || outcome.kind === "lost")
    return { kind: "lost" };
  if (outcome.kind === "failed") return { kind: "check" };
  const { repeatedTask, replayed, returnValue, unresumed } = outcome;
  if (replayed !== undefined)
    return { kind: "replayed", outcome: toReplayOutcome(replayed) };
  const state = returnValue?.json;
  return state === undefined
    ? { kind: unresumed ?? "gone" }
    : {
        kind: "waiting",
        state,
        ...(repeatedTask !== undefined && { repeatedTask }),
      };
}

function toEntityOutcome(
  name: string,
  outcome: InvocationOutcome,
  functionTimeoutText: string,
): EntityOutcome {
  switch (outcome.kind) {
    case "completed": {
      const { json, string } = outcome.returnValue ?? {};
      return { kind: "state", state: json ?? string ?? "" };
    }
    case "failed":
      return { kind: "failed", message: outcome.error.message };
    case "timeout":
      return {
        kind: "failed",
        message: timeoutMessage(name, functionTimeoutText),
      };
    case "lost":
      return { kind: "lost" };
    default:
      return outcome satisfies never;
  }
}

function timeoutMessage(name: string, functionTimeoutText: string): string {
  return `Timeout value of ${functionTimeoutText} was exceeded by function: Functions.${name}`;
}

function toActivityOutcome(
  name: string,
  outcome: InvocationOutcome,
  functionTimeoutText: string,
): ActivityOutcome {
  switch (outcome.kind) {
    case "completed": {
      const { turn } = outcome;
      return {
        kind: "completed",
        result: toJsonText(outcome.returnValue),
        ...(turn !== undefined && {
          turn: {
            at: turn.at,
            resumption: toOrchestratorResumption(turn.result),
          },
        }),
      };
    }
    case "failed":
      return {
        kind: "failed",
        message: outcome.error.message,
        stack: outcome.error.stack,
      };
    case "timeout":
      return {
        kind: "failed",
        message: timeoutMessage(name, functionTimeoutText),
        stack: "",
      };
    case "lost":
      return { kind: "lost" };
    default:
      return outcome satisfies never;
  }
}

function notRegistered(name: string): {
  readonly kind: "failed";
  readonly message: string;
} {
  return {
    kind: "failed",
    message: `The function '${name}' doesn't exist, is disabled, or is not of this kind.`,
  };
}
