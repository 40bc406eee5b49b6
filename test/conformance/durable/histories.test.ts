import { expect, test } from "vitest";

import {
  EventType,
  eventTypeNames,
  type HistoryEvent,
} from "../../../local/durable/history-event.ts";
import {
  openTestHub,
  startTime,
  type TestHub,
} from "../../local/durable/support/test-hub.ts";
import { app } from "./app.ts";

const hour = 3_600_000;

/** What an event says beside its type and ids; times are since the start. */
function detail(event: HistoryEvent): string {
  switch (event.EventType) {
    case EventType.TaskScheduled:
      return event.Name;
    case EventType.SubOrchestrationInstanceCreated:
      return event.InstanceId.replace(/^[0-9a-f]{32}:/, "<execution>:");
    case EventType.TimerCreated: {
      const ms = Date.parse(event.FireAt) - startTime;
      return ms >= hour ? `+${ms / hour}h` : `+${ms}ms`;
    }
    case EventType.EventSent: {
      const { op = "" } = JSON.parse(event.Input) as { op?: string };
      return `${event.InstanceId} ${event.Name} ${op}`.trim();
    }
    case EventType.ExecutionCompleted:
      return event.OrchestrationStatus;
    default:
      return "";
  }
}

/** `Type#id` of what is scheduled, `Type→id` of what completes it; the turns' own events are left out. */
function toLine(event: HistoryEvent): string[] {
  const name = eventTypeNames.get(event.EventType) ?? "";
  if (name.startsWith("Orchestrator")) return [];
  const completes =
    "TaskScheduledId" in event
      ? event.TaskScheduledId
      : event.EventType === EventType.TimerFired
        ? event.TimerId
        : undefined;
  const id = event.EventId >= 0 ? `#${event.EventId}` : "";
  const reference = completes === undefined ? id : `→${completes}`;
  return [`${name}${reference} ${detail(event)}`.trim()];
}

const histories: Readonly<Record<string, readonly string[]>> = {
  sequence: [
    "TaskScheduled#0 echo",
    "TaskCompleted→0",
    "TaskScheduled#1 echo",
    "TaskCompleted→1",
    "ExecutionCompleted#2 Completed",
  ],
  fanOut: [
    "TaskScheduled#0 echo",
    "TaskScheduled#1 echo",
    "TaskCompleted→0",
    "TaskCompleted→1",
    "TaskScheduled#2 echo",
    "TaskCompleted→2",
    "ExecutionCompleted#3 Completed",
  ],
  // The last failure is followed by one more timer, which the SDK waits for before it throws.
  exhaustedRetry: [
    "TaskScheduled#0 fail",
    "TaskFailed→0",
    "TimerCreated#1 +5000ms",
    "TimerFired→1",
    "TaskScheduled#2 fail",
    "TaskFailed→2",
    "TimerCreated#3 +5000ms",
    "TimerFired→3",
    "TaskScheduled#4 echo",
    "TaskCompleted→4",
    "ExecutionCompleted#5 Completed",
  ],
  cancelledTimer: [
    "TaskScheduled#0 echo",
    "TimerCreated#1 +60000ms",
    "TaskCompleted→0",
    "ExecutionCompleted#2 Completed",
  ],
  longTimer: [
    "TimerCreated#0 +72h",
    "TimerFired→0",
    "TimerCreated#1 +144h",
    "TimerFired→1",
    "TimerCreated#2 +192h",
    "TimerFired→2",
    "ExecutionCompleted#3 Completed",
  ],
  parent: [
    "SubOrchestrationInstanceCreated#0 <execution>:0",
    "SubOrchestrationInstanceCompleted→0",
    "SubOrchestrationInstanceCreated#1 named",
    "SubOrchestrationInstanceCompleted→1",
    "ExecutionCompleted#2 Completed",
  ],
  continued: [
    "EventSent#0 @counter@left op add",
    "TaskScheduled#1 echo",
    "TaskCompleted→1",
    "ExecutionCompleted#2 Completed",
  ],
  entities: [
    "EventSent#0 @counter@left op add",
    "EventSent#1 @counter@left op get",
    "EventRaised",
    "TaskScheduled#2 echo",
    "TaskCompleted→2",
    "ExecutionCompleted#3 Completed",
  ],
  // One id for the lock, whose set is sorted, and one for each entity that it releases.
  lock: [
    "EventSent#0 @counter@left op",
    "EventRaised",
    "EventSent#1 @counter@left op get",
    "EventRaised",
    "EventSent#2 @counter@left release",
    "EventSent#3 @counter@right release",
    "TaskScheduled#4 echo",
    "TaskCompleted→4",
    "ExecutionCompleted#5 Completed",
  ],
  lockLeftOpen: [
    "EventSent#0 @counter@left op",
    "EventRaised",
    "EventSent#1 @counter@left release",
    "ExecutionCompleted#2 Completed",
  ],
};

test.each(Object.entries(histories))(
  "%s leaves the history that the extension leaves",
  async (name, expected) => {
    const hub = openTestHub(app);
    const id = await hub.start(name);
    expect((await hub.finish(id)).status).toBe("Completed");
    const events = hub.engine.client.exportHistory(id) ?? [];
    expect(events.flatMap(toLine)).toEqual(["ExecutionStarted", ...expected]);
  },
);

interface Driven {
  /** What is done to the instance from outside, before it may finish. */
  readonly drive: (hub: TestHub, id: string) => Promise<unknown>;
  readonly status: string;
  readonly history: readonly string[];
}

const untouched = (): Promise<void> => Promise.resolve();

const driven: Readonly<Record<string, Driven>> = {
  // Both branches are waited for, although the function sees the failure of the first.
  firstFailure: {
    drive: untouched,
    status: "Completed",
    history: [
      "TaskScheduled#0 fail",
      "TaskScheduled#1 echo",
      "TaskFailed→0",
      "TaskCompleted→1",
      "TaskScheduled#2 echo",
      "TaskCompleted→2",
      "ExecutionCompleted#3 Completed",
    ],
  },
  retriedChild: {
    drive: untouched,
    status: "Failed",
    history: [
      "SubOrchestrationInstanceCreated#0 the-child",
      "SubOrchestrationInstanceFailed→0",
      "TimerCreated#1 +5000ms",
      "TimerFired→1",
      "SubOrchestrationInstanceCreated#2 the-child",
      "SubOrchestrationInstanceFailed→2",
      "TimerCreated#3 +5000ms",
      "TimerFired→3",
      "ExecutionCompleted#4 Failed",
    ],
  },
  // A timer that was cancelled is scheduled all the same, and keeps nobody waiting.
  eventOrTimer: {
    drive: (hub, id) => hub.raise(id, "go", 1),
    status: "Completed",
    history: [
      "TimerCreated#0 +60000ms",
      "EventRaised",
      "ExecutionCompleted#1 Completed",
    ],
  },
  bufferedEvents: {
    async drive(hub, id) {
      await hub.raise(id, "second", "kept");
      await hub.settle();
      await hub.raise(id, "first");
    },
    status: "Completed",
    history: [
      "EventRaised",
      "EventRaised",
      "TaskScheduled#0 echo",
      "TaskCompleted→0",
      "ExecutionCompleted#1 Completed",
    ],
  },
  // What comes while the instance is suspended is in its history at once, and reaches the function afterwards.
  suspendedEvent: {
    async drive(hub, id) {
      await hub.engine.client.suspend(id, "wait");
      await hub.settle();
      await hub.raise(id, "go", 1);
      await hub.settle();
      expect(hub.record(id).status).toBe("Suspended");
      await hub.engine.client.resume(id, "go on");
    },
    status: "Completed",
    history: [
      "TimerCreated#0 +60000ms",
      "ExecutionSuspended",
      "EventRaised",
      "ExecutionResumed",
      "ExecutionCompleted#1 Completed",
    ],
  },
};

test.each(Object.entries(driven))(
  "%s leaves the history that the extension leaves, whatever happens from outside",
  async (name, { drive, status, history }) => {
    const hub = openTestHub(app);
    const id = await hub.start(name);
    await hub.settle();
    await drive(hub, id);
    expect((await hub.finish(id)).status).toBe(status);
    const events = hub.engine.client.exportHistory(id) ?? [];
    expect(events.flatMap(toLine)).toEqual(["ExecutionStarted", ...history]);
  },
);

test("a task that is yielded in two compounds fails its instance in strict mode, before it is scheduled twice", async () => {
  const hub = openTestHub(app);
  const id = await hub.start("taskInTwoCompounds");
  const ended = await hub.finish(id);
  expect(ended).toMatchObject({
    status: "Failed",
    output: expect.stringContaining(
      "The task 'child' was yielded in two compounds",
    ) as string,
  });
  const created = (hub.engine.client.exportHistory(id) ?? [])
    .flatMap(toLine)
    .filter((line) => line.startsWith("SubOrchestrationInstanceCreated"));
  expect(created).toHaveLength(1);
});

test("a task that is yielded in two compounds is scheduled twice, as on Azure (durable-js #574)", async () => {
  const hub = openTestHub(app, { mode: "compat" });
  const id = await hub.start("taskInTwoCompounds");
  await hub.finish(id);
  const created = (hub.engine.client.exportHistory(id) ?? [])
    .flatMap(toLine)
    .filter((line) => line.startsWith("SubOrchestrationInstanceCreated"));
  expect(created).toEqual([
    "SubOrchestrationInstanceCreated#1 slow",
    "SubOrchestrationInstanceCreated#2 slow",
  ]);
});
