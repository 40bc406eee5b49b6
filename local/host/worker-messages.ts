import type { LogLevel } from "./host-log.ts";
import type { ParameterData, TypedData } from "./typed-data.ts";

/** One binding as the app registered it: `type`, `direction` and whatever else its kind has. */
export interface BindingMetadata {
  readonly type: string;
  readonly direction: string;
  readonly [setting: string]: unknown;
}

export interface RetryOptions {
  readonly maxRetryCount: number;
  readonly retryStrategy: string;
  readonly delayInterval?: { readonly seconds: number };
  readonly minimumInterval?: { readonly seconds: number };
  readonly maximumInterval?: { readonly seconds: number };
}

/** One registered function. */
export interface FunctionMetadata {
  readonly name: string;
  readonly bindings: Readonly<Record<string, BindingMetadata>>;
  readonly retryOptions?: RetryOptions;
}

/** What a worker says of the app that it has loaded. */
export interface LoadedApp {
  readonly functions: readonly FunctionMetadata[];
  /** The worker's port on loopback for streamed requests, where the app enabled them. */
  readonly httpPort?: number;
}

export interface InvocationRequest {
  readonly invocationId: string;
  readonly functionName: string;
  readonly inputData: readonly ParameterData[];
  readonly triggerMetadata: Readonly<Record<string, TypedData>>;
  readonly traceContext: {
    readonly traceParent: string;
    readonly traceState: string;
    readonly attributes: Readonly<Record<string, string>>;
  };
  readonly retryContext: {
    readonly retryCount: number;
    readonly maxRetryCount: number;
  } | null;
  /** Invocations of one key go to the worker that had the last of them, as long as it lives and is not the busier one. */
  readonly affinity?: string;
  /** Of an orchestrator's turn: the function may be kept where it then waits. */
  readonly session?: OrchestratorSession;
}

/** An execution whose orchestrator function a worker keeps from turn to turn, so that it needs no replay. */
export interface OrchestratorSession {
  readonly executionId: string;
  /**
   * The function shall go on from where it waits, and its input is an array of history events. Without this, its input is
   * the protocol's payload and it starts anew.
   */
  readonly resume?: {
    /** How many events of the history it has seen. */
    readonly seen: number;
    /** The position in the history of the input's first event. */
    readonly from: number;
  };
  /** The kept function has run this turn already: the payload is a replay, and the two are compared. */
  readonly isCheck?: boolean;
}

/** What was thrown. `message` and `stack` may hold content: they go to the durable engine, never to a log. */
export interface InvocationError {
  readonly name: string;
  readonly code?: string;
  readonly message: string;
  readonly stack: string;
}

export interface CompletedInvocation {
  readonly kind: "completed";
  readonly returnValue?: TypedData | null;
  /** What the function gave to its other output bindings. */
  readonly outputData?: readonly ParameterData[];
  /** The function returned nothing. */
  readonly isEmpty?: boolean;
  /** Of an orchestrator: a task that it yielded in two compounds. */
  readonly repeatedTask?: string;
  /** Of an orchestrator that was kept: the first action that its replay asked for in another way. */
  readonly divergence?: string;
  /** Of a turn that was to be resumed: only a replay can tell what the function has done, or it is not kept. */
  readonly unresumed?: "check" | "gone";
}

export type InvocationResult =
  | CompletedInvocation
  | { readonly kind: "failed"; readonly error: InvocationError };

export type HostToWorker =
  | { readonly type: "invoke"; readonly request: InvocationRequest }
  | {
      readonly type: "settings";
      readonly values: Readonly<Record<string, string>>;
    }
  | { readonly type: "ping" }
  | { readonly type: "terminate" };

export type WorkerToHost =
  | ({ readonly type: "ready" } & LoadedApp)
  | { readonly type: "failed"; readonly message: string }
  | {
      readonly type: "result";
      readonly invocationId: string;
      readonly result: InvocationResult;
    }
  | {
      readonly type: "log";
      readonly level: LogLevel;
      readonly category: string;
      readonly message: string;
      readonly functionName?: string;
      readonly invocationId?: string;
    }
  | {
      readonly type: "crash";
      readonly errorName: string;
      readonly errorCode?: string;
    }
  | { readonly type: "pong" };
