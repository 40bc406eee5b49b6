/** Something that calls functions by itself, from `start` until `stop`. */
export interface Trigger {
  start(): void;
  /** Starts nothing new; resolves when the trigger no longer needs the worker. */
  stop(): Promise<void>;
}
