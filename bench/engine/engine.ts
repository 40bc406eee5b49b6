import type { Load, LoadResult } from "./run-load.ts";

/** An engine that runs, seen through one of its doors. */
export interface Engine {
  readonly name: string;
  /** The application records its steps itself: a bound to look at, and no engine to be compared with. */
  readonly isHandWritten?: boolean;
  /** Puts the load on it. Every output is checked where the clients are. */
  run(load: Load): Promise<LoadResult>;
  /** Processor time so far of all that serves it and of its clients, in milliseconds. */
  cpuMs(): number;
}

/** A process and its children, of which one or more engines are made. */
export interface EngineProcess {
  readonly engines: readonly Engine[];
  /** Processor time so far, of the process, all its descendants and their clients, in milliseconds. */
  cpuMs(): number;
  stop(): Promise<void>;
}

/** What an engine needs and this machine does not have: one line for the operator. */
export class MissingPrerequisite extends Error {
  override readonly name = "MissingPrerequisite";
}
