import type { ActivityWork } from "./activity-dispatcher.ts";
import type { Clock } from "./clock.ts";
import type { Decision, SubOrchestrationDecision } from "./decision.ts";
import type { EntityHub } from "./entities/entity-hub.ts";
import { replyName } from "./entities/entity-message.ts";
import { EventType } from "./history-event.ts";
import type { LiveInstance } from "./live-instance.ts";
import type { TaskHub } from "./task-hub.ts";

export interface ScheduleOptions {
  readonly clock: Clock;
  readonly hub: TaskHub;
  readonly entities: EntityHub;
  /** Runs the activity once what has been written is on disk. */
  readonly dispatch: (work: ActivityWork) => void;
}

/** Writes what a turn has decided, as part of its commit; an activity runs once that is on disk. */
export function scheduleDecision(
  options: ScheduleOptions,
  live: LiveInstance,
  decision: Decision,
): void {
  const { hub, dispatch } = options;
  const { record } = live;
  switch (decision.kind) {
    case "activity": {
      live.outstanding.set(decision.id, { kind: "activity" });
      dispatch({
        address: {
          instanceId: record.id,
          executionId: record.executionId,
          taskId: decision.id,
        },
        name: decision.name,
        input: decision.input,
        traceparent: record.trace?.traceparent,
      });
      return;
    }
    case "timer":
      hub.armTimer(live, decision.id, decision.fireAt);
      return;
    case "entity-message": {
      const reply = replyName(decision.message);
      if (reply !== undefined) live.outstanding.set(reply, { kind: "entity" });
      sendMessages(options, [decision]);
      return;
    }
    case "sub-orchestration":
      live.outstanding.set(decision.id, { kind: "sub-orchestration" });
      startSubOrchestration(options, live, decision);
      return;
    default:
      decision satisfies never;
  }
}

/** Sends what is for entities: all that an execution which ends still does. */
export function sendMessages(
  { entities }: Pick<ScheduleOptions, "entities">,
  decisions: readonly Decision[],
): void {
  for (const decision of decisions) {
    if (decision.kind === "entity-message") {
      entities.send(decision.entityId, decision.message);
    }
  }
}

function startSubOrchestration(
  { hub, clock }: ScheduleOptions,
  live: LiveInstance,
  decision: SubOrchestrationDecision,
): void {
  const { id, executionId, name, trace } = live.record;
  const parent = {
    instanceId: id,
    executionId,
    name,
    taskId: decision.id,
  };
  if (hub.get(decision.instanceId) === undefined) {
    hub.create({
      id: decision.instanceId,
      name: decision.name,
      version: decision.version,
      input: decision.input ?? undefined,
      parent,
      trace,
    });
    return;
  }
  hub.complete(parent, {
    EventType: EventType.SubOrchestrationInstanceFailed,
    EventId: -1,
    Timestamp: new Date(clock.now()).toISOString(),
    TaskScheduledId: decision.id,
    Reason: `The sub-orchestration '${decision.name}' cannot start: an unfinished instance has its instance ID.`,
    Details: "",
  });
}
