/** What the durable engine and the triggers need of the process that runs the app. */
export interface WorkerPort {
  /** Runs one orchestrator turn. `payload` is the out-of-process protocol's JSON text. */
  invokeOrchestrator(
    name: string,
    payload: string,
  ): Promise<OrchestratorOutcome>;
  /** Runs one activity once. `input` is JSON text, or undefined for no input. */
  invokeActivity(call: ActivityCall): Promise<ActivityOutcome>;
  /** Runs one batch of an entity's operations. `payload` is the out-of-process protocol's JSON text. */
  invokeEntity(name: string, payload: string): Promise<EntityOutcome>;
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
    }
  | { readonly kind: "failed"; readonly message: string }
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
