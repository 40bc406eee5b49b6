import { resolve } from "node:path";
import type { CommandIo } from "./command.ts";

/** The folder of all state: NUCLEUS_HOME, or `.nucleus` in the current folder. */
export function resolveHome({ env, cwd }: CommandIo): string {
  const home = env["NUCLEUS_HOME"];
  return resolve(cwd, home === undefined || home === "" ? ".nucleus" : home);
}
