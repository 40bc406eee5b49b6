/** History event types by their numbers in the out-of-process protocol. */
export const EventType = {
  ExecutionStarted: 0,
  ExecutionCompleted: 1,
  ExecutionTerminated: 3,
  TaskScheduled: 4,
  TaskCompleted: 5,
  TaskFailed: 6,
  SubOrchestrationInstanceCreated: 7,
  SubOrchestrationInstanceCompleted: 8,
  SubOrchestrationInstanceFailed: 9,
  TimerCreated: 10,
  TimerFired: 11,
  OrchestratorStarted: 12,
  OrchestratorCompleted: 13,
  EventSent: 14,
  EventRaised: 15,
  ContinueAsNew: 16,
  GenericEvent: 17,
  ExecutionSuspended: 19,
  ExecutionResumed: 20,
} as const;

/** The name of an event type, as the management API shows it. */
export const eventTypeNames: ReadonlyMap<number, string> = new Map(
  Object.entries(EventType).map(([name, type]) => [type, name]),
);

/** Where a sub-orchestration reports to. */
export interface ParentInstance {
  readonly instanceId: string;
  readonly executionId: string;
  readonly name: string;
  /** The id of the parent's SubOrchestrationInstanceCreated event. */
  readonly taskId: number;
}

/** W3C trace context of the request that started an orchestration. */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string;
}

/** What a failed activity or sub-orchestration says about itself in a structured way (wire names). */
export interface FailureDetails {
  readonly ErrorType: string;
  readonly ErrorMessage: string;
  readonly StackTrace?: string | null;
  readonly IsNonRetriable: boolean;
  readonly Properties?: unknown;
  readonly InnerFailure?: FailureDetails | null;
}

interface Event<Type extends number> {
  readonly EventType: Type;
  /** The sequence id of a scheduling event, -1 of every other. */
  readonly EventId: number;
  /** ISO 8601, UTC. */
  readonly Timestamp: string;
}

interface Failure {
  readonly TaskScheduledId: number;
  readonly Reason: string;
  readonly Details: string;
  readonly FailureDetails?: FailureDetails;
}

export interface ExecutionStarted extends Event<0> {
  readonly OrchestrationInstance: {
    readonly InstanceId: string;
    readonly ExecutionId: string;
  };
  readonly ParentInstance: {
    readonly Name: string;
    readonly OrchestrationInstance: {
      readonly InstanceId: string;
      readonly ExecutionId: string;
    };
    readonly TaskScheduleId: number;
  } | null;
  readonly Name: string;
  readonly Version: string;
  readonly Input: string | null;
  readonly Tags: null;
  readonly ParentTraceContext?: {
    readonly TraceParent: string;
    readonly TraceState: string | null;
  };
}

/** What an instance receives. `Result` and `Input` are JSON text. */
export type MessageEvent =
  | ExecutionStarted
  | (Event<3> & { readonly Input: string | null })
  | (Event<5> & {
      readonly TaskScheduledId: number;
      readonly Result: string | null;
    })
  | (Event<6> & Failure)
  | (Event<8> & {
      readonly TaskScheduledId: number;
      readonly Result: string | null;
    })
  | (Event<9> & Failure)
  | (Event<11> & { readonly TimerId: number; readonly FireAt: string })
  | (Event<15> & { readonly Name: string; readonly Input: string | null })
  | (Event<17> & { readonly Data: string | null })
  | (Event<19> & { readonly Reason: string | null })
  | (Event<20> & { readonly Reason: string | null });

/** What an orchestrator turn schedules. Activity inputs are kept beside the history, not in it. */
export type ScheduledEvent =
  | (Event<4> & { readonly Name: string; readonly Version: string })
  | (Event<7> & {
      readonly InstanceId: string;
      readonly Name: string;
      readonly Version: string;
    })
  | (Event<10> & { readonly FireAt: string })
  | (Event<14> & {
      readonly InstanceId: string;
      readonly Name: string;
      /** The message to the entity, as JSON text. */
      readonly Input: string;
    });

export type HistoryEvent =
  | MessageEvent
  | ScheduledEvent
  | (Event<1> & {
      readonly OrchestrationStatus: "Completed" | "Failed" | "Terminated";
      readonly Result: string | null;
      readonly FailureDetails?: FailureDetails;
    })
  | Event<12>
  | Event<13>;

/**
 * JSON text of an event as the orchestrator payload carries it. `IsPlayed` stands last, so that the text of an event
 * that is played from now on differs from the one just delivered only in its end.
 */
export function encodeEvent(event: HistoryEvent, isPlayed: boolean): string {
  return `${JSON.stringify(event).slice(0, -1)},"IsPlayed":${isPlayed}}`;
}

/** The events of a recorded history text (comma-separated events, as `encodeEvent` wrote them). */
export function decodeEvents(text: string): HistoryEvent[] {
  return JSON.parse(`[${text}]`) as HistoryEvent[];
}
