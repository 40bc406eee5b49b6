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
  /** The turn that waits for this activity alone. */
  readonly follow?: FollowingTurn;
}

/**
 * A turn of a kept function that waits for one activity and nothing else: the worker may run it with the activity's
 * result at once, which spares a message in each direction. It has no effects, so nothing is lost if it is not taken.
 */
export interface FollowingTurn extends KeptTurn {
  /** The turn's number: by it the engine sees, when the activity has ended, whether this is still the next turn. */
  readonly turn: number;
  /** The id of the activity's TaskScheduled event. */
  readonly taskId: number;
  /** The turn's time must not be before this: milliseconds since the epoch. */
  readonly notBefore: number;
}

/** A turn that an activity's worker has run behind it. */
export interface FollowedTurn {
  /** Milliseconds since the epoch: the time of the turn and of the activity's completion, as the function was told. */
  readonly at: number;
  readonly resumption: OrchestratorResumption;
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
      /** The function threw: the state came with its error. */
      readonly isThrown?: true;
      /** A task that the orchestrator yielded in two compounds, so that it is asked for twice. */
      readonly repeatedTask?: string;
      /** The first action that the kept function had asked for in another way. */
      readonly divergence?: string;
    }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "lost" };

export interface NewOrchestratorSession {
  readonly executionId: string;
  /** What the function is to be kept under: another one at each replay. */
  readonly sessionId: string;
  /** The session whose function has run this turn already: all of the history is replayed, and the two are compared. */
  readonly checks?: string;
  /** Where in the payload the events of this turn begin, and where they end (`orchestrator-payload.ts`). */
  readonly turnAt: number;
  readonly tailAt: number;
}

/** The next turn of a function that is kept where it waits. */
export interface KeptTurn {
  readonly executionId: string;
  /** The session of the replay that it was kept by: other workers may have kept it too, by an earlier one. */
  readonly sessionId: string;
  /** How many events of the history the kept function has seen. */
  readonly seen: number;
  /** The last recorded turn: the position in the history of its first event, not behind `seen`. */
  readonly from: number;
  /** The last recorded turn: its events as comma-separated JSON text. */
  readonly lastTurn: string;
  /** The function is to be replayed from its start as well, and the two compared. */
  readonly isDue: boolean;
}

export interface OrchestratorResumeCall extends KeptTurn {
  readonly name: string;
  /** The events of this turn, as comma-separated JSON text. */
  readonly events: string;
}

/**
 * `waiting`: the function waits again; `state` is JSON text, `{ actions, customStatus? }` with the actions that are new.
 * `replayed`: the worker has also replayed it from its start, because it was due, or because only that tells what it has
 * done (it ended, it threw, it took back a timer). `check`: the same, but the worker has no history to replay.
 * `gone`: it is not kept, and has not run.
 */
export type OrchestratorResumption =
  | {
      readonly kind: "waiting";
      readonly state: string;
      readonly repeatedTask?: string;
    }
  | {
      readonly kind: "replayed";
      readonly outcome: Exclude<OrchestratorOutcome, { kind: "lost" }>;
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
  | {
      readonly kind: "completed";
      readonly result: string | undefined;
      readonly turn?: FollowedTurn;
    }
  | {
      readonly kind: "failed";
      readonly message: string;
      readonly stack: string;
    }
  | { readonly kind: "lost" };
