import type { LogLevel } from "./host-log.ts";
import type { PayloadParts } from "../durable/orchestrator-payload.ts";
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
  /** Of an activity: the kept function that waits for it alone, and may go on as soon as it has ended. */
  readonly follow?: FollowRequest;
}

export interface FollowRequest {
  readonly session: OrchestratorSession;
  /** The id of the activity's TaskScheduled event. */
  readonly taskId: number;
  /** Milliseconds since the epoch: the turn's time is not before this. */
  readonly notBefore: number;
}

/** An execution whose orchestrator function a worker keeps from turn to turn, so that it needs no replay. */
export interface OrchestratorSession {
  readonly executionId: string;
  /** One function and what it has seen since its replay: no other function of the execution goes by this. */
  readonly sessionId: string;
  /**
   * The function shall go on from where it waits, and its input is the events of this turn, as comma-separated JSON.
   * Without this, its input is the protocol's payload and it starts anew.
   */
  readonly resume?: {
    /** How many events of the history it has seen. */
    readonly seen: number;
    /** The position in the history of the first event of `lastTurn`. */
    readonly from: number;
    /** The events of the last recorded turn, as comma-separated JSON. */
    readonly lastTurn: string;
    /** It is to be replayed from its start as well, and the two are compared. */
    readonly isDue: boolean;
  };
  /** The session whose function has run this turn already: the payload is a replay, and the two are compared. */
  readonly checks?: string;
  /** Where in the payload the events of this turn begin and end. */
  readonly payload?: PayloadParts;
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
  /** Of a turn that was to be resumed: what its replay from the start came to. */
  readonly replayed?: InvocationResult;
  /** Of an activity: what the turn behind it came to, as a resumed one, and the time that it was told. */
  readonly turn?: { readonly at: number; readonly result: InvocationResult };
}

export type InvocationResult =
  | CompletedInvocation
  | { readonly kind: "failed"; readonly error: InvocationError };

/** A request of the app's durable client to the management API, beside the RPC door. */
export interface RpcRequest {
  readonly method: string;
  /** Path and query below the door's base URL. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body?: string;
}

/** What the management API answers to it. */
export interface RpcAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

export type HostToWorker =
  | { readonly type: "invoke"; readonly request: InvocationRequest }
  /** Requests to what is below this URL, which ends with a slash, may come over the channel. */
  | { readonly type: "rpc-open"; readonly baseUrl: string }
  | {
      readonly type: "answer";
      readonly requestId: number;
      readonly answer: RpcAnswer;
    }
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
      readonly type: "request";
      /** The worker's own count; the answer has it too. */
      readonly requestId: number;
      readonly request: RpcRequest;
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
