/** What a heap can hold: an object that remembers its own place, so that it can leave from anywhere in O(log n). */
export interface HeapNode {
  /** Place in the heap, -1 when it is in none. Owned by the heap. */
  heapIndex: number;
}

/** A binary heap. `peek` is the item that comes before all others; every change costs O(log n). */
export interface IndexedHeap<T extends HeapNode> {
  readonly size: number;
  push(item: T): void;
  peek(): T | undefined;
  /** Takes `item` out, wherever it stands; nothing happens when it is not in the heap. */
  remove(item: T): void;
}

/** Creates an empty heap ordered by `comesBefore`. An item is in one heap at a time. */
export function createIndexedHeap<T extends HeapNode>(
  comesBefore: (left: T, right: T) => boolean,
): IndexedHeap<T> {
  const items: T[] = [];

  const place = (item: T, index: number): void => {
    items[index] = item;
    item.heapIndex = index;
  };

  const rise = (item: T, from: number): void => {
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = items[parentIndex] as T;
      if (!comesBefore(item, parent)) break;
      place(parent, index);
      index = parentIndex;
    }
    place(item, index);
  };

  const sink = (item: T, from: number): void => {
    let index = from;
    for (;;) {
      let childIndex = 2 * index + 1;
      let child = items[childIndex];
      if (child === undefined) break;
      const right = items[childIndex + 1];
      if (right !== undefined && comesBefore(right, child)) {
        childIndex += 1;
        child = right;
      }
      if (!comesBefore(child, item)) break;
      place(child, index);
      index = childIndex;
    }
    place(item, index);
  };

  return {
    get size() {
      return items.length;
    },
    push(item) {
      rise(item, items.length);
    },
    peek: () => items[0],
    remove(item) {
      const index = item.heapIndex;
      if (index < 0) return;
      item.heapIndex = -1;
      const last = items.pop() as T;
      if (last === item) return;
      sink(last, index);
      if (last.heapIndex === index) rise(last, index);
    },
  };
}
