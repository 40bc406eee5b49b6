import { randomUUID } from "node:crypto";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** `runtime.json` in the home directory: how tools and tests reach the running host. */
export interface RuntimeInfo {
  readonly httpUrl: string;
  readonly pid: number;
  readonly workerPids: readonly number[];
  readonly serviceBusConnectionString: string;
  readonly systemKey: string;
  readonly masterKey: string;
}

/** Writes the file as a whole or not at all, readable by its owner only. */
export function writeRuntimeFile(home: string, info: RuntimeInfo): void {
  writeAtomically(
    join(home, "runtime.json"),
    `${JSON.stringify(info, null, 2)}\n`,
  );
}

export function removeRuntimeFile(home: string): void {
  rmSync(join(home, "runtime.json"), { force: true });
}

/** Replaces `file` in one step, mode 0600. */
export function writeAtomically(file: string, text: string): void {
  const temporary = `${file}.${randomUUID()}.tmp`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, file);
}
