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

/** Waits until nothing runs, and everything that is left waits for time or for somebody outside. */
export async function settle(options: SettleOptions): Promise<void> {
  for (let quiet = 0; quiet < quietTurns;) {
    const life = await options.life();
    const { functions } = life;
    const startedBefore = functions.started();
    await nextTurn();
    if (life.waitingEffects() > 0) options.passDiskTime();
    else if (functions.executing() > 0)
      await Promise.race([functions.ended(), sleep(pauseMs)]);
    else if (isBusy(life) || options.openMessages() > 0) await sleep(pauseMs);
    else if (functions.started() === startedBefore) {
      quiet += 1;
      continue;
    }
    quiet = 0;
  }
}

/** Whether the engine runs something whose result is not merely held back. */
function isBusy({ wired, functions }: HostLife): boolean {
  const { orchestrators, activities, entities } = wired.engine.statistics();
  const running = orchestrators.running + activities.running + entities.running;
  return running > functions.held();
}
