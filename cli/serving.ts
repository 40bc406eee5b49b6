import { once } from "node:events";

/** A command that serves until it is told to end. */
export interface Serving {
  /** Aborted by the first SIGTERM or SIGINT. */
  readonly signal: AbortSignal;
  /** Resolves with it. */
  readonly endAsked: Promise<void>;
  /**
   * Ends the process, once all that is the command's is closed. A library may still hold timers: a Service Bus client
   * keeps those of sessions that it has waited for, for a minute.
   */
  end(): never;
}

/** Listens for the signals from now on. Who reads the log may go away before the command ends. */
export function beginServing(): Serving {
  const ending = new AbortController();
  process.stdout.on("error", goOnUnheard);
  return {
    signal: ending.signal,
    endAsked: Promise.race([
      once(process, "SIGTERM"),
      once(process, "SIGINT"),
    ]).then(() => ending.abort()),
    end: () => process.exit(0),
  };
}

function goOnUnheard(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}
