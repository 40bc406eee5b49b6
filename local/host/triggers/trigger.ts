/** Something that calls a function by itself, from `start` until `stop`. */
export interface Trigger {
  readonly functionName: string;
  start(): void;
  /** Calls the function once, now; `input` stands for what the trigger would have brought. Never rejects. */
  runNow(input: string): Promise<void>;
  /** Starts nothing new; resolves when the trigger no longer needs the worker. */
  stop(): Promise<void>;
}
