import type { RunWorkflow } from "../run-load.ts";

/** A peer that runs in this process, with whatever server it has beside it. */
export interface Peer {
  /** Ways of writing the same workflows with it, each measured as an engine of its own. */
  readonly engines: Readonly<Record<string, RunWorkflow>>;
  /** Those ways in which the application itself records its steps, and the peer knows of none. */
  readonly handWritten?: readonly string[];
  stop(): Promise<void>;
}

/**
 * Loads a package of bench/engine/package.json. The repository is checked where they are not installed, so each peer
 * says itself what it uses of its package.
 */
export async function loadPackage<Exports>(name: string): Promise<Exports> {
  return (await import(name)) as Exports;
}
