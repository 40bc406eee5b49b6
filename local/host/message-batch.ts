/** Messages that go over a channel together. */
export interface MessageBatch<Message> {
  add(message: Message): void;
  /** Sends what waits, now. */
  flush(): void;
}

/** What came together goes in pieces of this size, so that the other process begins while this one goes on. */
const longestBatch = 32;

/** How long work that does not yield may keep back what was said before it. */
const longestWaitMs = 1;

/**
 * Creates a batch: what is added before the event loop goes on is one message of the channel. A message costs a write
 * and a wake-up of the other process, whatever is in it.
 */
export function createMessageBatch<Message>(
  send: (messages: readonly Message[]) => void,
): MessageBatch<Message> {
  let waiting: Message[] = [];
  let oldestAt = 0;

  const flush = (): void => {
    if (waiting.length === 0) return;
    const due = waiting;
    waiting = [];
    send(due);
  };

  const flushSoon = (): void => process.nextTick(flush);

  return {
    add(message) {
      const now = performance.now();
      waiting.push(message);
      if (waiting.length === 1) {
        oldestAt = now;
        // Behind all promises that are settled by then, also by the code that runs now: each answer of a batch of
        // invocations is there, and what a commit releases goes together.
        queueMicrotask(flushSoon);
      } else if (
        waiting.length >= longestBatch ||
        now - oldestAt >= longestWaitMs
      )
        flush();
    },
    flush,
  };
}
