import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { HostStartError } from "./host-start-error.ts";
import { writeAtomically } from "./runtime-file.ts";

/**
 * The key that opens the durable management endpoints, which their links carry. It is made once per home and kept, so
 * that management links that were handed out stay valid over a restart.
 */
export function readSystemKey(home: string): string {
  const file = join(home, "system-key");
  if (!existsSync(file))
    writeAtomically(file, `${randomBytes(32).toString("base64url")}\n`);
  const key = readFileSync(file, "utf8").trim();
  if (!/^[\w-]{32,128}$/.test(key))
    throw new HostStartError(
      `${file} is damaged. Delete it; a new key is made at the next start.`,
    );
  return key;
}
