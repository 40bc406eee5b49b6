import type { CommandIo } from "../command.ts";
import type { Status } from "./adapter-client.ts";

const barWidth = 24;

/** Shows how far a job is: one line that is redrawn on a terminal, else one line per change. */
export interface ProgressView {
  show(status: Status): void;
  /** Leaves the last state standing. */
  end(): void;
}

export function createProgressView(io: CommandIo): ProgressView {
  let shown = "";
  return {
    show: (status) => {
      const line = toProgressLine(status);
      if (line === shown) return;
      shown = line;
      if (io.isTerminal) io.redraw(line);
      else io.print(line);
    },
    end: () => {
      if (io.isTerminal && shown !== "") io.print("");
    },
  };
}

/** Such as `[############------------]  50 %  Extracting (6 of 12 steps)`. */
function toProgressLine({ status, progress }: Status): string {
  const { percentage, completedSteps, totalSteps } = progress;
  const filled = Math.round((barWidth * Math.min(100, percentage)) / 100);
  const bar = "#".repeat(filled).padEnd(barWidth, "-");
  return `[${bar}] ${String(Math.round(percentage)).padStart(3)} %  ${status} (${completedSteps} of ${totalSteps} steps)`;
}
