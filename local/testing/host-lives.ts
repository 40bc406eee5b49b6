import type { HostLife } from "./host-life.ts";

export interface Lives {
  /** The host that is up, once it is. */
  present(): Promise<HostLife>;
  /** The host that was started last. */
  last(): HostLife;
  restart(): Promise<void>;
  end(): Promise<void>;
}

/** Starts one host after the other: each goes on with what its predecessor has committed. */
export function createLives(start: (onDeath: () => void) => HostLife): Lives {
  let last: HostLife;
  let present: Promise<HostLife>;
  const succeed = (): void => {
    const died = last;
    present = died.die().then(begin);
  };
  const begin = (): HostLife => {
    last = start(succeed);
    return last;
  };
  last = begin();
  present = Promise.resolve(last);
  const untilUp = async (): Promise<HostLife> => {
    // While one is awaited, it may be killed too.
    for (;;) {
      const awaited = present;
      const life = await awaited;
      if (awaited === present) return life;
    }
  };
  return {
    present: untilUp,
    last: () => last,
    async restart() {
      succeed();
      await untilUp();
    },
    async end() {
      const life = await untilUp();
      await life.die();
    },
  };
}
