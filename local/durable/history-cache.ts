import { decodeEvents } from "./history-event.ts";
import { toReplayEvent, type ReplayEvent } from "./replay-event.ts";
import type { TaskHubStore } from "./task-hub-store.ts";

/** The recorded history of one execution, as the orchestrator payload and the action replay need it. */
export interface CachedHistory {
  /** Comma-separated events, played. */
  readonly text: string;
  /** Those of the last turn. */
  readonly lastTurn: string;
  readonly events: readonly ReplayEvent[];
}

/** Histories of live instances, the least recently used given up first; a missing one is read from the task hub. */
export interface HistoryCache {
  read(key: number): CachedHistory;
  keep(key: number, history: CachedHistory): void;
  drop(key: number): void;
}

export const emptyHistory: CachedHistory = {
  text: "",
  lastTurn: "",
  events: [],
};

/** Creates a cache that holds histories of `maxCharacters` of text altogether. */
export function createHistoryCache(
  store: Pick<TaskHubStore, "readTurns">,
  maxCharacters: number,
): HistoryCache {
  const histories = new Map<number, CachedHistory>();
  let characters = 0;

  const drop = (key: number): void => {
    characters -= histories.get(key)?.text.length ?? 0;
    histories.delete(key);
  };

  return {
    read: (key) => histories.get(key) ?? readHistory(store, key),
    keep(key, history) {
      drop(key);
      histories.set(key, history);
      characters += history.text.length;
      for (const oldest of histories.keys()) {
        if (characters <= maxCharacters) return;
        drop(oldest);
      }
    },
    drop,
  };
}

function readHistory(
  store: Pick<TaskHubStore, "readTurns">,
  key: number,
): CachedHistory {
  const turns = store.readTurns(key).map((turn) => turn.events);
  const text = turns.join(",");
  return {
    text,
    lastTurn: turns.at(-1) ?? "",
    events: decodeEvents(text).map(toReplayEvent),
  };
}
