import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { EngineProcess } from "./engine.ts";

/** Answers the share of the machine (0 to 1) that others took since the watch began. */
export type OtherLoadWatch = () => number;

/**
 * Creates the look at what else ran on this machine: everything but the engines and their clients, and what the
 * hypervisor gave to others.
 */
export function createOtherLoad(
  processes: readonly EngineProcess[],
): () => OtherLoadWatch {
  const ownMs = () =>
    processes.reduce((total, { cpuMs }) => total + cpuMs(), 0);
  return () => {
    const startedAt = performance.now();
    const before = readBusyMs() - ownMs();
    return () => {
      const others = readBusyMs() - ownMs() - before;
      const capacityMs =
        (performance.now() - startedAt) * availableParallelism();
      return Math.max(0, others / capacityMs);
    };
  };
}

/** From the first line of `/proc/stat`: hundredths of a second, all but idle (4th) and waiting for a disk (5th). */
function readBusyMs(): number {
  const line = readFileSync("/proc/stat", "utf8").split("\n", 1)[0] ?? "";
  const [user, nice, system, , , irq, softIrq, steal] = line
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (
    [user, nice, system, irq, softIrq, steal].reduce<number>(
      (sum, ticks) => sum + (ticks ?? 0),
      0,
    ) * 10
  );
}
