import type { ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** Samples the resident memory of a process and all its descendants. */
export function watchMemory(child: ChildProcess): {
  peak(): number;
  stop(): void;
} {
  let peakBytes = 0;
  const timer = setInterval(() => {
    peakBytes = Math.max(peakBytes, residentBytes(child.pid ?? 0));
  }, 100);
  return { peak: () => peakBytes, stop: () => clearInterval(timer) };
}

function residentBytes(pid: number): number {
  const processes = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const status = readFileSync(`/proc/${name}/status`, "utf8");
        const read = (field: string) =>
          Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(status)?.[1]);
        return [
          { pid: read("Pid"), parent: read("PPid"), kB: read("VmRSS") || 0 },
        ];
      } catch {
        return [];
      }
    });
  const family = new Set([pid]);
  for (let grown = true; grown;) {
    grown = false;
    for (const { pid: id, parent } of processes)
      if (family.has(parent) && !family.has(id)) {
        family.add(id);
        grown = true;
      }
  }
  return processes
    .filter(({ pid: id }) => family.has(id))
    .reduce((sum, { kB }) => sum + kB * 1024, 0);
}
