import type { Clock } from "./clock.ts";
import { EventType } from "./history-event.ts";
import type { LiveInstance, Message } from "./live-instance.ts";
import type { TaskHub } from "./task-hub.ts";

/** Creates the part of the hub that arms durable timers and disarms them with everything else outstanding. */
export function createInstanceTimers(
  clock: Clock,
  receive: (live: LiveInstance, message: Message) => void,
): Pick<TaskHub, "armTimer" | "abandonOutstanding"> {
  return {
    armTimer(live, taskId, fireAt) {
      const cancel = clock.setTimer(fireAt, () => {
        if (!live.outstanding.delete(taskId)) return;
        receive(live, {
          sequence: undefined,
          executionId: live.record.executionId,
          event: {
            EventType: EventType.TimerFired,
            EventId: -1,
            Timestamp: new Date(clock.now()).toISOString(),
            TimerId: taskId,
            FireAt: new Date(fireAt).toISOString(),
          },
        });
      });
      live.outstanding.set(taskId, { kind: "timer", cancel });
    },
    abandonOutstanding(live) {
      for (const work of live.outstanding.values()) {
        if (work.kind === "timer") work.cancel();
      }
      live.outstanding.clear();
    },
  };
}
