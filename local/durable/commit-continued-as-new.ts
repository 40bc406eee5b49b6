import type { CommitTurnOptions, Turn } from "./commit-turn.ts";
import { decodeEvents, EventType, type MessageEvent } from "./history-event.ts";
import { newExecutionId, startMessage } from "./live-instance.ts";
import type { ContinuedAsNewTurn } from "./turn-result.ts";

/** Starts the next execution of the instance: a new execution ID, an empty history, the carried-over events. */
export function commitContinuedAsNew(
  options: CommitTurnOptions,
  turn: Turn,
  result: ContinuedAsNewTurn,
): void {
  const { store, hub, cache, clock } = options;
  const { live } = turn;
  const carriedOver = readCarriedOver(turn, result);
  hub.abandonOutstanding(live);
  live.record = {
    ...live.record,
    executionId: newExecutionId(),
    status: "Running",
    input: result.input ?? undefined,
    customStatus: result.customStatus,
    updatedAt: clock.now(),
  };
  live.nextTurn = 0;
  store.updateInstance(live.record);
  store.deleteTurns(live.record.key);
  cache.drop(live.record.key);

  // What came meanwhile is stored again behind what is carried over, so that a restart sees the same order.
  const meanwhile = live.inbox.filter(
    ({ executionId }) => executionId === undefined,
  );
  hub.discard(live.inbox);
  live.inbox = [startMessage(live.record)];
  for (const event of carriedOver) hub.send(live, event);
  for (const { event } of meanwhile) hub.send(live, event);
}

function readCarriedOver(
  turn: Turn,
  result: ContinuedAsNewTurn,
): MessageEvent[] {
  if (result.carriedOver.length === 0) return [];
  const events = [...decodeEvents(turn.history.text), ...turn.newEvents];
  return result.carriedOver.flatMap((position) => {
    const event = events[position];
    return event?.EventType === EventType.EventRaised
      ? [{ ...event, EventId: -1 }]
      : [];
  });
}
