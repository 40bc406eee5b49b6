import {
  setImmediate as nextTurn,
  setTimeout as sleep,
} from "node:timers/promises";
import type { HostLife } from "./host-life.ts";

/** How many turns of the event loop in which nothing happened mean that nothing will: a commit and a queue take one each. */
const quietTurns = 5;
/** The pause while others than this process are waited for: sockets, worker processes. */
const pauseMs = 2;

export interface SettleOptions {
  /** The host that is up. */
  readonly life: () => Promise<HostLife>;
  /** Messages that a trigger is to take, and has not settled. */
  readonly openMessages: () => number;
  /** Lets what a slow disk holds back happen. */
  readonly passDiskTime: () => void;
}

/**
 * Waits until nothing runs, and everything that is left waits for time or for somebody outside. What a slow disk holds
 * back happens only when nothing else does: else it would be up to the machine what comes first.
 */
export async function settle(options: SettleOptions): Promise<void> {
  for (let quiet = 0; ;) {
    const life = await options.life();
    const { functions } = life;
    const startedBefore = functions.started();
    await nextTurn();
    const isDiskAwaited = life.waitingEffects() > 0;
    if (functions.executing() > 0) {
      await Promise.race([functions.ended(), sleep(pauseMs)]);
      // What takes longer may itself wait for the disk.
      if (functions.executing() > 0 && isDiskAwaited) options.passDiskTime();
    } else if (functions.started() === startedBefore) {
      if (isDiskAwaited || isIdle(life, options.openMessages())) {
        quiet += 1;
        if (quiet < quietTurns) continue;
        if (!isDiskAwaited) return;
        options.passDiskTime();
      } else await sleep(pauseMs);
    }
    quiet = 0;
  }
}

/** Whether what the engine runs, and the messages that triggers have taken, is only what is held back. */
function isIdle({ wired, functions }: HostLife, openMessages: number): boolean {
  const { orchestrators, activities, entities } = wired.engine.statistics();
  const running = orchestrators.running + activities.running + entities.running;
  return (
    running <= functions.held() && openMessages <= functions.heldMessages()
  );
}
