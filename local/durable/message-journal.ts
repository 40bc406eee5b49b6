import type { CommitLoop } from "../../shared/storage/commit-loop.ts";
import type { Message } from "./live-instance.ts";
import type { StoredMessage, TaskHubStore } from "./task-hub-store.ts";

/**
 * How long a message may wait for its turn before it is written after all: what a crash in that time takes is an
 * activity's result, and the activity runs again.
 */
const POSTPONED_FOR_MS = 25;

/**
 * The waiting messages on disk.
 *
 * A message whose loss only repeats work is postponed: the turn that takes it records it in the history, and mostly does
 * so at once, so that the message needs neither a row nor a commit of its own.
 */
export interface MessageJournal {
  write(message: StoredMessage): void;
  /** Writes the message only if nobody has removed it in time. */
  postpone(message: StoredMessage): void;
  remove(messages: readonly Message[]): void;
  writePostponed(): void;
  /** Writes what is postponed, for the last time: what comes later is lost, as if the process had ended. */
  close(): void;
}

/** Creates the journal over the task hub's table of messages. */
export function createMessageJournal(
  store: Pick<TaskHubStore, "insertMessage" | "deleteMessage">,
  loop: CommitLoop,
): MessageJournal {
  const postponed = new Map<number, StoredMessage>();
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  const writePostponed = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (postponed.size === 0) return;
    loop.write(() => {
      for (const message of postponed.values()) store.insertMessage(message);
    });
    postponed.clear();
  };

  return {
    write: (message) => loop.write(() => store.insertMessage(message)),
    postpone(message) {
      if (isClosed) return;
      postponed.set(message.sequence, message);
      timer ??= setTimeout(writePostponed, POSTPONED_FOR_MS).unref();
    },
    remove(messages) {
      for (const { sequence } of messages) {
        if (sequence === undefined || postponed.delete(sequence)) continue;
        loop.write(() => store.deleteMessage(sequence));
      }
    },
    writePostponed,
    close() {
      isClosed = true;
      writePostponed();
    },
  };
}
