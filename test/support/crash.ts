/**
 * How a process ends at its n-th call of a port: before the call has an effect, after it, never answering; or it only
 * stalls, and goes on when everybody else has given it up.
 */
export const crashModes = ["before", "after", "hangs", "stalls"] as const;
export type CrashMode = (typeof crashModes)[number];

/** One process's death. */
export interface Crash {
  /** The same port, as the dying process sees it. */
  wrap<T extends object>(port: T): T;
  /** Resolves when the call was reached. */
  readonly reached: Promise<void>;
  hasHappened(): boolean;
  /** Lets a stalled process go on. */
  resume(): void;
}

export function createCrash(at: number, mode: CrashMode): Crash {
  const reached = Promise.withResolvers<void>();
  const resumed = Promise.withResolvers<void>();
  let calls = 0;

  const die = (): never => {
    throw new Error("the process is gone");
  };
  const dieAfter = (answer: unknown): unknown => {
    const end = () => {
      reached.resolve();
      return die();
    };
    return answer instanceof Promise ? answer.then(end) : end();
  };
  const callDying = (call: () => unknown): unknown => {
    calls += 1;
    if (calls < at) return call();
    if (mode === "after" && calls === at) return dieAfter(call());
    reached.resolve();
    if (mode === "hangs") return new Promise(() => undefined);
    return mode === "stalls" ? resumed.promise.then(call) : die();
  };

  return {
    wrap: (port) =>
      new Proxy(port, {
        get(target, name) {
          const member: unknown = Reflect.get(target, name);
          return typeof member === "function"
            ? (...args: unknown[]) =>
                callDying(() => Reflect.apply(member, target, args) as unknown)
            : member;
        },
      }),
    reached: reached.promise,
    hasHappened: () => calls >= at,
    resume: resumed.resolve,
  };
}

/**
 * Plays a scene for each call in which its process can die, until one plays to its end without a death.
 *
 * @param scene - answers whether its process died
 * @returns how many calls there were
 */
export async function atEveryCall(
  scene: (at: number) => Promise<boolean>,
): Promise<number> {
  let at = 1;
  while (await scene(at)) at += 1;
  return at - 1;
}

/** Runs `work` until it ends in whatever way, or its process dies. */
export async function runUntilCrash(
  crash: Crash,
  work: Promise<unknown>,
): Promise<void> {
  await Promise.race([work.then(noop, noop), crash.reached]);
  // What the process was doing beside the fatal call comes to its end too.
  await new Promise((resolve) => setImmediate(resolve));
}

function noop(): void {}
