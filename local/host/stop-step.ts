import type { HostLog } from "./host-log.ts";

export interface StopStep {
  readonly name: string;
  /** Longest wait for this step; the next one follows in any case. */
  readonly withinMs: number;
  readonly run: () => Promise<unknown> | void;
}

/** Runs one step of stopping. A step that fails or takes too long is logged and left behind: stopping goes on. */
export async function runStopStep(
  { name, withinMs, run }: StopStep,
  log: HostLog,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(resolve, withinMs, "late");
  });
  try {
    const ended = await Promise.race([run(), late]);
    if (ended === "late") log("warning", "stop-late", { outcome: name });
  } catch (error) {
    log("error", "stop-failed", {
      outcome: name,
      errorName: error instanceof Error ? error.name : "Error",
    });
  } finally {
    clearTimeout(timer);
  }
}
