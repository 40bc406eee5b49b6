/** Timers by due time; equal times in the order in which they were added. */
export interface TimerQueue {
  /** Adds a timer and returns what cancels it. */
  add(atMs: number, fire: () => void): () => void;
  /** When the earliest live timer is due. */
  nextAt(): number | undefined;
  /** Removes and returns all timers due at `nowMs`, earliest first. */
  takeDue(nowMs: number): (() => void)[];
}

interface Entry {
  readonly atMs: number;
  readonly order: number;
  fire: (() => void) | undefined;
}

/**
 * Creates a binary heap of timers. A cancelled entry drops its closure at once and leaves the heap when it surfaces, or
 * when cancelled entries make up half of the heap.
 */
export function createTimerQueue(): TimerQueue {
  let heap: Entry[] = [];
  let order = 0;
  let cancelled = 0;

  const dropCancelledTop = (): void => {
    while (heap[0] !== undefined && heap[0].fire === undefined) {
      pop(heap);
      cancelled -= 1;
    }
  };

  const compact = (): void => {
    heap = heap.filter((entry) => entry.fire !== undefined).toSorted(compare);
    cancelled = 0;
  };

  return {
    add(atMs, fire) {
      const entry: Entry = { atMs, order: order++, fire };
      push(heap, entry);
      return () => {
        if (entry.fire === undefined) return;
        entry.fire = undefined;
        cancelled += 1;
        if (cancelled > 64 && cancelled * 2 > heap.length) compact();
      };
    },
    nextAt() {
      dropCancelledTop();
      return heap[0]?.atMs;
    },
    takeDue(nowMs) {
      const due: (() => void)[] = [];
      for (;;) {
        dropCancelledTop();
        const top = heap[0];
        if (top?.fire === undefined || top.atMs > nowMs) return due;
        pop(heap);
        due.push(top.fire);
        // A cancel that comes after the timer fired is not counted: the entry has left the heap.
        top.fire = undefined;
      }
    },
  };
}

function compare(a: Entry, b: Entry): number {
  return a.atMs - b.atMs || a.order - b.order;
}

function push(heap: Entry[], entry: Entry): void {
  let index = heap.length;
  heap.push(entry);
  while (index > 0) {
    const parentIndex = (index - 1) >> 1;
    const parent = heap[parentIndex];
    if (parent === undefined || compare(parent, entry) <= 0) break;
    heap[index] = parent;
    index = parentIndex;
  }
  heap[index] = entry;
}

function pop(heap: Entry[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    let childIndex = index * 2 + 1;
    let child = heap[childIndex];
    const right = heap[childIndex + 1];
    if (child === undefined) break;
    if (right !== undefined && compare(right, child) < 0) {
      child = right;
      childIndex += 1;
    }
    if (compare(last, child) <= 0) break;
    heap[index] = child;
    index = childIndex;
  }
  heap[index] = last;
}
