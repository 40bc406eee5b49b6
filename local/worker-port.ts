/** What the durable engine and the triggers need of the process that runs the app. */
export interface WorkerPort {
  /**
   * Runs one orchestrator turn from the function's start. `payload` is the out-of-process protocol's JSON text. With
   * `session`, the function may be kept where it then waits, for `resumeOrchestrator`.
   */
  invokeOrchestrator(
    name: string,
    payload: string,
    session?: NewOrchestratorSession,
  ): Promise<OrchestratorOutcome>;
  /** Runs one orchestrator turn from where the function waits. Absent where functions are not kept. */
  resumeOrchestrator?(
    call: OrchestratorResumeCall,
  ): Promise<OrchestratorResumption>;
  /** Runs one activity once. `input` is JSON text, or undefined for no input. */
  invokeActivity(call: ActivityCall): Promise<ActivityOutcome>;
  /**
   * Runs one batch of an entity's operations. `payload` is the out-of-process protocol's JSON text, `traceparent` the W3C
   * trace context of the orchestration that asked for the first of them, where there is one.
   */
  invokeEntity(
    name: string,
    payload: string,
    traceparent?: string,
  ): Promise<EntityOutcome>;
}

export interface ActivityCall {
  readonly name: string;
  readonly instanceId: string;
  readonly input: string | undefined;
  /** W3C trace context of the orchestration, where there is one. */
  readonly traceparent?: string;
}

/**
 * `state` is the JSON text of the returned OrchestratorState: the return value, or what stood behind
 * `$OutOfProcData$:` when the orchestrator failed. `lost` means that the worker went away before it answered: the
 * turn must run again.
 */
export type OrchestratorOutcome =
  | {
      readonly kind: "state";
      readonly state: string;
      /** A task that the orchestrator yielded in two compounds, so that it is asked for twice. */
      readonly repeatedTask?: string;
      /** The first action that the kept function had asked for in another way. */
      readonly divergence?: string;
    }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "lost" };

export interface NewOrchestratorSession {
  readonly executionId: string;
  /** The kept function has run this turn already: all of the history is replayed, to be compared with what it did. */
  readonly isCheck?: boolean;
}

export interface OrchestratorResumeCall {
  readonly name: string;
  readonly executionId: string;
  /** How many events of the history the kept function has seen. */
  readonly seen: number;
  /** The position in the history of the first of `events`; not behind `seen`. */
  readonly from: number;
  /** JSON text: an array of history events, those of this turn last. */
  readonly events: string;
}

/**
 * `waiting`: the function waits again; `state` is JSON text, `{ actions, customStatus? }` with the actions that are new.
 * `check`: it has run the turn, and has done what only a replay from its start may tell (it ended, it threw, it took back
 * a timer). `gone`: it is not kept, and has not run.
 */
export type OrchestratorResumption =
  | {
      readonly kind: "waiting";
      readonly state: string;
      readonly repeatedTask?: string;
    }
  | { readonly kind: "check" | "gone" }
  | { readonly kind: "lost" };

/** `state` is the JSON text of the returned EntityState. `lost`: run it again (at-least-once). */
export type EntityOutcome =
  | { readonly kind: "state"; readonly state: string }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "lost" };

/** `result` is JSON text (the return value serialised), or undefined. `lost`: run it again (at-least-once). */
export type ActivityOutcome =
  | { readonly kind: "completed"; readonly result: string | undefined }
  | {
      readonly kind: "failed";
      readonly message: string;
      readonly stack: string;
    }
  | { readonly kind: "lost" };
