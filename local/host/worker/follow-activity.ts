import { randomUUID } from "node:crypto";
import { encodeEvent } from "../../durable/history-event.ts";
import {
  orchestratorStarted,
  taskCompleted,
} from "../../durable/turn-events.ts";
import { toJsonText } from "../typed-data.ts";
import type {
  CompletedInvocation,
  InvocationRequest,
} from "../worker-messages.ts";
import type { OrchestratorSessions, Replay } from "./orchestrator-sessions.ts";

export interface FollowActivityDeps {
  readonly sessions: OrchestratorSessions;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly replay: Replay;
}

/**
 * An activity that took longer is answered before its orchestrator goes on: what is spared would not be noticed, and
 * whoever waits for too long waits for the activity.
 */
const longestActivityMs = 50;

/** Whether the turn that waits for an activity which began at `startedAt`, of `performance.now()`, may run at once. */
export function isQuick(startedAt: number): boolean {
  return performance.now() - startedAt <= longestActivityMs;
}

/**
 * Lets the kept function that waits for `completed` go on with its result.
 *
 * @returns what that came to; undefined when the function is not kept here, or not where the host thinks that it waits
 */
export async function followActivity(
  { sessions, now, replay }: FollowActivityDeps,
  { session, taskId, notBefore }: NonNullable<InvocationRequest["follow"]>,
  { returnValue }: CompletedInvocation,
): Promise<CompletedInvocation["turn"]> {
  const at = Math.max(now(), notBefore);
  const events = [
    orchestratorStarted(at),
    taskCompleted(at, taskId, toJsonText(returnValue)),
  ];
  const request = sessions.toRequest(
    session,
    randomUUID(),
    events.map((event) => encodeEvent(event, false)).join(","),
  );
  return request && { at, result: await sessions.resume(request, replay) };
}
