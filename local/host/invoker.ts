import { randomUUID } from "node:crypto";
import type { CatalogedFunction } from "./function-catalogue.ts";
import type { HostLog } from "./host-log.ts";
import type { Outputs } from "./outputs/create-outputs.ts";
import { createTraceparent } from "./trace-context.ts";
import type { ParameterData, TypedData } from "./typed-data.ts";
import type {
  FollowRequest,
  InvocationError,
  InvocationRequest,
  OrchestratorSession,
} from "./worker-messages.ts";
import type { InvocationOutcome } from "./open-invocations.ts";
import { toInvocationError } from "./worker/to-invocation-error.ts";

export interface Invocation {
  /** Given where something else must name the invocation too. */
  readonly invocationId?: string;
  readonly called: CatalogedFunction;
  /** The trigger's data; undefined for no value. */
  readonly data: TypedData | undefined;
  readonly triggerMetadata?: Readonly<Record<string, TypedData>>;
  readonly traceparent?: string | undefined;
  readonly tracestate?: string | undefined;
  /** Of an orchestrator's turn; it goes to the worker that had the last one of its execution. */
  readonly session?: OrchestratorSession | undefined;
  /** Of an activity; it goes to the worker that had the last turn of the orchestrator which waits for it. */
  readonly follow?: FollowRequest;
  readonly retry?: { readonly count: number; readonly max: number };
  /** Called once the invocation has gone to a worker that takes streamed requests, with that worker's port for them. */
  readonly dispatched?: (httpPort: number) => void;
}

/** Runs functions, one log line per invocation; counts what is under way. */
export interface Invoker {
  invoke(invocation: Invocation): Promise<InvocationOutcome>;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}

export interface InvokerDeps {
  readonly run: (
    request: InvocationRequest,
    timeoutMs: number,
    dispatched?: (httpPort: number) => void,
  ) => Promise<InvocationOutcome>;
  readonly functionTimeoutMs: number;
  /** The JSON of the durable client binding. */
  readonly clientBinding: string;
  readonly log: HostLog;
  readonly outputs: Outputs;
  /** What a function threw; an orchestrator's failure is the engine's to report. */
  readonly onFailure: (error: InvocationError) => void;
}

export function createInvoker(deps: InvokerDeps): Invoker {
  let underWay = 0;
  let waiters: (() => void)[] = [];

  /** An invocation is as good as what became of its outputs. */
  const send = async (
    called: CatalogedFunction,
    outcome: InvocationOutcome,
  ): Promise<InvocationOutcome> => {
    if (outcome.kind !== "completed") return outcome;
    try {
      await deps.outputs.send(called, outcome);
      return outcome;
    } catch (error) {
      return { kind: "failed", error: toInvocationError(error) };
    }
  };

  const invoke = async (invocation: Invocation): Promise<InvocationOutcome> => {
    const request = toInvocationRequest(invocation, deps.clientBinding);
    const startedAt = performance.now();
    underWay += 1;
    try {
      const outcome = await send(
        invocation.called,
        await deps.run(request, deps.functionTimeoutMs, invocation.dispatched),
      );
      logOutcome(deps.log, invocation, request.invocationId, {
        outcome,
        durationMs: Math.round((performance.now() - startedAt) * 10) / 10,
      });
      if (
        outcome.kind === "failed" &&
        invocation.called.triggerType !== "orchestrationTrigger"
      )
        deps.onFailure(outcome.error);
      return outcome;
    } finally {
      underWay -= 1;
      if (underWay === 0) {
        for (const resolve of waiters) resolve();
        waiters = [];
      }
    }
  };

  return {
    invoke,
    idle: () =>
      underWay === 0
        ? Promise.resolve()
        : new Promise((resolve) => waiters.push(resolve)),
  };
}

function toInvocationRequest(
  invocation: Invocation,
  clientBinding: string,
): InvocationRequest {
  const { called, data, triggerMetadata, retry, session, follow } = invocation;
  const affinity = session ?? follow?.session;
  const inputData: ParameterData[] = [
    { name: called.triggerName, data: data ?? {} },
    ...called.durableClientNames.map((name) => ({
      name,
      data: { string: clientBinding },
    })),
  ];
  return {
    invocationId: invocation.invocationId ?? randomUUID(),
    functionName: called.name,
    inputData,
    triggerMetadata: triggerMetadata ?? {},
    traceContext: {
      traceParent: invocation.traceparent ?? createTraceparent(),
      traceState: invocation.tracestate ?? "",
      attributes: {},
    },
    retryContext:
      retry === undefined
        ? null
        : { retryCount: retry.count, maxRetryCount: retry.max },
    ...(session !== undefined && { session }),
    ...(follow !== undefined && { follow }),
    ...(affinity !== undefined && { affinity: affinity.executionId }),
  };
}

function logOutcome(
  log: HostLog,
  { called }: Invocation,
  invocationId: string,
  {
    outcome,
    durationMs,
  }: { readonly outcome: InvocationOutcome; readonly durationMs: number },
): void {
  const isTurn = called.triggerType === "orchestrationTrigger";
  const fields = {
    functionName: called.name,
    invocationId,
    durationMs,
    outcome: outcome.kind,
  };
  // An orchestrator's failure is an ordinary state of the out-of-process protocol; the engine reports it.
  if (isTurn || outcome.kind === "completed")
    log(isTurn ? "debug" : "information", "function-executed", fields);
  else if (outcome.kind === "failed")
    log("error", "function-executed", {
      ...fields,
      errorName: outcome.error.name,
      ...(outcome.error.code === undefined
        ? {}
        : { errorCode: outcome.error.code }),
    });
  else log("warning", "function-executed", fields);
}
