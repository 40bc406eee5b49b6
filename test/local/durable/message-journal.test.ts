import { expect, test } from "vitest";

import { EventType } from "../../../local/durable/history-event.ts";
import { createMessageJournal } from "../../../local/durable/message-journal.ts";
import type { StoredMessage } from "../../../local/durable/task-hub-store.ts";

function openJournal() {
  const rows = new Set<number>();
  const written = Promise.withResolvers<void>();
  const journal = createMessageJournal(
    {
      insertMessage({ sequence }) {
        rows.add(sequence);
        written.resolve();
      },
      deleteMessage: (sequence) => void rows.delete(sequence),
    },
    {
      write: (operation) => operation(),
      afterCommit: (effect) => effect(),
      committed: () => Promise.resolve(),
      flush: () => undefined,
    },
  );
  return { journal, rows, written: written.promise };
}

function message(sequence: number): StoredMessage {
  return {
    sequence,
    instanceKey: 1,
    executionId: "execution",
    event: {
      EventType: EventType.TaskCompleted,
      EventId: -1,
      Timestamp: "2026-01-01T00:00:00.000Z",
      TaskScheduledId: sequence,
      Result: null,
    },
  };
}

test("a postponed message that its turn takes is never written", async () => {
  const { journal, rows, written } = openJournal();
  journal.postpone(message(1));
  journal.remove([message(1)]);
  journal.postpone(message(2));
  await written;
  expect([...rows]).toEqual([2]);
});

test("a postponed message that no turn takes is written soon, and removed by the turn that does at last", async () => {
  const { journal, rows, written } = openJournal();
  journal.postpone(message(1));
  expect(rows.size).toBe(0);
  await written;
  expect([...rows]).toEqual([1]);
  journal.remove([message(1)]);
  expect(rows.size).toBe(0);
});

test("what is postponed is written at once before the end", () => {
  const { journal, rows } = openJournal();
  journal.postpone(message(1));
  journal.postpone(message(2));
  journal.writePostponed();
  expect([...rows]).toEqual([1, 2]);
});

test("closing writes what is postponed, and keeps nothing that comes later", async () => {
  const { journal, rows } = openJournal();
  journal.postpone(message(1));
  journal.close();
  expect([...rows]).toEqual([1]);
  journal.postpone(message(2));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect([...rows]).toEqual([1]);
});
