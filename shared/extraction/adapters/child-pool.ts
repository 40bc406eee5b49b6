import { NucleusError, toNucleusError } from "../../kernel/errors.ts";
import {
  startExtractionChild,
  type ChildOptions,
  type ExtractionChild,
} from "./extraction-child.ts";
import { readMemory } from "./read-memory.ts";

/** A child is replaced after this many documents, so that what libraries leak stays small. */
const jobsPerChild = 50;
/** And when this share of its memory is still taken after a document. */
const retireAtShare = 0.5;
/** An idle child is let go after this time. */
const idleMs = 30_000;

/** A child and what it has behind it. */
export interface Seat {
  readonly child: ExtractionChild;
  jobs: number;
  idleTimer?: NodeJS.Timeout;
}

export interface ChildPool {
  /** An idle child, or a new one. */
  take(): Seat;
  /** Keeps the child for the next document, or lets it go when it is worn or dead. */
  putBack(seat: Seat): Promise<void>;
  /** Ends every child. */
  close(): Promise<void>;
}

/** Keeps children between documents, so that not each waits for a process and its libraries. */
export function createChildPool(options: ChildOptions): ChildPool {
  const idle: Seat[] = [];
  const seats = new Set<Seat>();
  let isClosed = false;

  const open = (): Seat => {
    const seat: Seat = { child: start(options), jobs: 0 };
    seats.add(seat);
    void forgetAtEnd(seat);
    return seat;
  };
  const forgetAtEnd = async (seat: Seat): Promise<void> => {
    await seat.child.ended;
    seats.delete(seat);
    leaveIdle(seat);
  };
  const leaveIdle = (seat: Seat): void => {
    clearTimeout(seat.idleTimer);
    const index = idle.indexOf(seat);
    if (index >= 0) idle.splice(index, 1);
  };
  const take = (): Seat => {
    if (isClosed) throw new NucleusError("extraction_crashed");
    const seat = idle.at(-1) ?? open();
    leaveIdle(seat);
    seat.child.hold(true);
    seat.jobs += 1;
    return seat;
  };
  const putBack = async (seat: Seat): Promise<void> => {
    if (isClosed || (await isWorn(seat, options.maxRssBytes))) retire(seat);
    if (!seat.child.isAlive) {
      // Its memory is free before the next child takes some.
      await seat.child.ended;
      return;
    }
    seat.child.hold(false);
    seat.idleTimer = setTimeout(retire, idleMs, seat).unref();
    idle.push(seat);
  };

  return {
    take,
    putBack,
    async close() {
      isClosed = true;
      await Promise.all([...seats].map(end));
    },
  };
}

async function end(seat: Seat): Promise<void> {
  seat.child.hold(true);
  retire(seat);
  await seat.child.ended;
}

function retire(seat: Seat): void {
  seat.child.kill("extraction_crashed");
}

async function isWorn(seat: Seat, maxRssBytes: number): Promise<boolean> {
  if (seat.jobs >= jobsPerChild) return true;
  const memory = await readMemory(seat.child.pid);
  return (memory?.residentBytes ?? 0) > maxRssBytes * retireAtShare;
}

/** The system may have no process to give: that passes. */
function start(options: ChildOptions): ExtractionChild {
  try {
    return startExtractionChild(options);
  } catch (error) {
    throw toNucleusError(error, "extraction_crashed");
  }
}
