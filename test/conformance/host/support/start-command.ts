import { spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const root = resolve(import.meta.dirname, "../../../..");

export interface HostCommand {
  /** Everything printed so far, line by line. */
  readonly lines: readonly string[];
  /** The origin of the first HTTP function of the table. */
  readonly origin: string;
  /** Resolves with the next or an earlier line that holds `text`. */
  printed(text: string): Promise<string>;
  /** Closes the pipe that it prints to. */
  stopReading(): void;
  /** Sends the signal and answers the exit code. */
  end(signal: "SIGINT" | "SIGTERM"): Promise<number | null>;
}

/** Runs `nucleus host start` from its source on any free port, and waits until it says that it is ready. */
export async function startCommand(
  options: {
    readonly scriptRoot: string;
    readonly home: string;
    readonly args?: readonly string[];
  },
  cleanups: (() => Promise<void> | void)[],
): Promise<HostCommand> {
  const child = spawn(
    process.execPath,
    [
      join(root, "cli/nucleus.ts"),
      "host",
      "start",
      "--port=0",
      `--script-root=${options.scriptRoot}`,
      ...(options.args ?? []),
    ],
    {
      env: { ...process.env, NUCLEUS_HOME: options.home },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const closed = once(child, "close") as Promise<[number | null]>;
  cleanups.push(async () => {
    child.kill("SIGKILL");
    await closed;
  });
  const lines: string[] = [];
  let errors = "";
  child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
  const reader = createInterface({ input: child.stdout });
  reader.on("line", (line) => lines.push(line));
  const printed = async (text: string): Promise<string> => {
    for (;;) {
      const found = lines.find((line) => line.includes(text));
      if (found !== undefined) return found;
      const [line] = (await Promise.race([
        once(reader, "line"),
        closed.then(() => []),
      ])) as [string?];
      if (line === undefined) throw new Error(`It ended. ${errors}`);
    }
  };
  await printed("Host lock lease acquired by instance ID");
  const table = lines.find((line) => line.includes("http://")) ?? "";
  return {
    lines,
    origin: new URL(/http:\S+/.exec(table)?.[0] ?? "").origin,
    printed,
    stopReading: () => void child.stdout.destroy(),
    async end(signal) {
      child.kill(signal);
      return (await closed)[0];
    },
  };
}
