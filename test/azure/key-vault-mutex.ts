/** A lock among callers of one process: work under the same name runs one after the other. */
export function createMutex(): <T>(
  name: string,
  work: () => Promise<T>,
) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return (name, work) => {
    const before = last.get(name) ?? Promise.resolve();
    const turn = before.then(work, work);
    last.set(name, turn);
    return turn;
  };
}
