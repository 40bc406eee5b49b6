import type { ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** What a process and all its descendants take of the machine. */
export interface ProcessFamily {
  /** The highest resident memory so far, in bytes. */
  peakRssBytes(): number;
  /** Processor time so far, of those that live and of those that they waited for, in milliseconds. */
  cpuMs(): number;
  stop(): void;
}

interface Member {
  readonly pid: number;
  readonly parent: number;
  readonly rssBytes: number;
  readonly cpuMs: number;
}

/** `/proc` counts processor time in hundredths of a second, and memory in pages. */
const msPerTick = 10;
const bytesPerPage = 4096;

/** Samples a family ten times a second. */
export function watchFamily(child: ChildProcess): ProcessFamily {
  const pid = child.pid ?? 0;
  let peakBytes = 0;
  const sum = (of: (member: Member) => number) =>
    readFamily(pid).reduce((total, member) => total + of(member), 0);
  const timer = setInterval(() => {
    peakBytes = Math.max(
      peakBytes,
      sum(({ rssBytes }) => rssBytes),
    );
  }, 100);
  return {
    peakRssBytes: () => peakBytes,
    cpuMs: () => sum(({ cpuMs }) => cpuMs),
    stop: () => clearInterval(timer),
  };
}

function readFamily(root: number): readonly Member[] {
  const processes = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap(readMember);
  const family = new Set([root]);
  for (let grown = true; grown;) {
    grown = false;
    for (const { pid, parent } of processes)
      if (family.has(parent) && !family.has(pid)) {
        family.add(pid);
        grown = true;
      }
  }
  return processes.filter(({ pid }) => family.has(pid));
}

/** From `/proc/{pid}/stat`: fields 4 (parent), 14 to 17 (own and waited-for processor time) and 24 (resident pages). */
function readMember(name: string): Member[] {
  try {
    const stat = readFileSync(`/proc/${name}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const field = (nth: number) => Number(fields[nth - 3]);
    return [
      {
        pid: Number(name),
        parent: field(4),
        rssBytes: field(24) * bytesPerPage,
        cpuMs: [14, 15, 16, 17].reduce(
          (total, nth) => total + field(nth) * msPerTick,
          0,
        ),
      },
    ];
  } catch {
    return [];
  }
}
