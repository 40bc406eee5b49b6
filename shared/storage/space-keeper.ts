import type { DatabaseSync } from "node:sqlite";
import type { CommitLoop } from "./commit-loop.ts";
import { readPragma } from "./open-database.ts";

/** Gives the pages that deleted rows have left back to the file system, a little at a time. */
export interface SpaceKeeper {
  /** Frees some pages where there are many. @returns whether more are to be freed. */
  step(): boolean;
  /** Looks from time to time. It keeps no process alive. */
  start(): void;
  stop(): void;
}

/** Pages that one step moves: about a millisecond, and part of the turn's own commit. */
const stepPages = 128;
const stepEveryMs = 20;
const lookEveryMs = 2000;

/** Free pages are used again by what is written next: a sixteenth of the file is left to it, within these bounds. */
const keptPart = 1 / 16;
const [leastKept, mostKept] = [256, 16_384];

/**
 * Creates the keeper of a database that was opened with `canShrink`; with another one it does nothing.
 */
export function createSpaceKeeper(
  database: DatabaseSync,
  loop: CommitLoop,
): SpaceKeeper {
  const free = database.prepare("PRAGMA freelist_count");
  const all = database.prepare("PRAGMA page_count");
  const canShrink = readPragma(database, "auto_vacuum") === 2;
  let timer: NodeJS.Timeout | undefined;

  const excess = (): number => {
    const pages = Number(all.get()?.["page_count"]);
    const kept = Math.min(Math.max(leastKept, pages * keptPart), mostKept);
    return Number(free.get()?.["freelist_count"]) - Math.ceil(kept);
  };
  const step = (): boolean => {
    const pages = canShrink ? Math.min(excess(), stepPages) : 0;
    if (pages <= 0) return false;
    loop.write(() => database.exec(`PRAGMA incremental_vacuum(${pages})`));
    if (excess() > 0) return true;
    // The file gets shorter when the WAL has been written back; this kind waits for no reader.
    loop.afterCommit(() => database.exec("PRAGMA wal_checkpoint(PASSIVE)"));
    return false;
  };
  const tick = (): void => {
    timer = setTimeout(tick, step() ? stepEveryMs : lookEveryMs).unref();
  };
  return {
    step,
    start() {
      if (canShrink) timer = setTimeout(tick, lookEveryMs).unref();
    },
    stop: () => clearTimeout(timer),
  };
}
