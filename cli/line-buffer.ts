/** Lines on their way to one stream. */
export interface LineBuffer {
  /** Takes a line; it is written with those that come within some milliseconds. */
  readonly add: (line: string) => void;
  /** Writes what waits, now. */
  readonly flush: () => void;
}

const longestWaitMs = 5;

/**
 * Creates a buffer for lines that come by the thousand while work waits for whoever writes them: each write to a terminal
 * or a pipe is a system call that wakes the reader. `print` writes one text and a line break. What waits when the process
 * ends by itself is written then; a process that is killed loses a few milliseconds of lines.
 */
export function createLineBuffer(print: (text: string) => void): LineBuffer {
  let waiting: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (waiting.length === 0) return;
    const due = waiting;
    waiting = [];
    print(due.join("\n"));
  };
  process.once("exit", flush);
  return {
    add(line) {
      waiting.push(line);
      timer ??= setTimeout(flush, longestWaitMs);
    },
    flush,
  };
}
