import type { HostLife } from "./host-life.ts";

export interface Lives {
  /** The host that is up, once it is. These three throw once all has ended. */
  present(): Promise<HostLife>;
  /** The host that was started last. */
  last(): HostLife;
  restart(): Promise<void>;
  end(): Promise<void>;
}

const closedMessage =
  "This test host is closed. Await what is under way before the end of its test.";

/** Starts one host after the other: each goes on with what its predecessor has committed. */
export function createLives(start: (onDeath: () => void) => HostLife): Lives {
  let last: HostLife;
  let present: Promise<HostLife>;
  let isEnded = false;
  const assertOpen = (): void => {
    if (isEnded) throw new Error(closedMessage);
  };
  const succeed = (): void => {
    if (isEnded) return;
    const died = last;
    present = died.die().then(() => (isEnded ? died : begin()));
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
      assertOpen();
      const awaited = present;
      const life = await awaited;
      if (awaited === present) return life;
    }
  };
  return {
    present: untilUp,
    last() {
      assertOpen();
      return last;
    },
    async restart() {
      assertOpen();
      succeed();
      await untilUp();
    },
    async end() {
      isEnded = true;
      await (await present).die();
    },
  };
}
