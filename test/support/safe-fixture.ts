import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { Content } from "../../shared/kernel/content.ts";
import { Tag } from "../../shared/kernel/metadata.ts";
import { createFileSecrets } from "../../shared/vault/adapters/file.ts";
import { createFolderContentVault } from "../../shared/vault/adapters/folder.ts";
import { createSqliteKeyStore } from "../../shared/vault/adapters/sqlite.ts";
import {
  createContentSafe,
  type ContentSafeOptions,
} from "../../shared/vault/content-safe.ts";
import { createManualClock } from "./manual-clock.ts";
import { createTempFolder } from "./temp-folder.ts";

/** One process's content safe over a home folder; several may share one. `replace` puts fakes at the seams. */
export function openSafe(
  home: string = createTempFolder(),
  replace: (parts: Parts) => Partial<ContentSafeOptions> = () => ({}),
) {
  const clock = createManualClock();
  const parts = {
    vault: createFolderContentVault({ folder: join(home, "vault") }),
    keys: createSqliteKeyStore({ file: join(home, "keys.db"), now: clock.now }),
    secrets: createFileSecrets({ folder: join(home, "secrets") }),
    now: clock.now,
  };
  onTestFinished(() => parts.keys.close());
  const safe = createContentSafe({ ...parts, ...replace(parts) });
  return { home, clock, safe, ...parts };
}

type Parts = Required<ContentSafeOptions>;

export const job = Tag.parse("job-1");
export const name = (text: string): Tag => Tag.parse(text);
export const words = (text: string): Content => Content.fromText(text);

export async function* streamOf(
  ...chunks: readonly (string | Uint8Array)[]
): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

/** Content that occurs nowhere else. */
export function uniqueText(): string {
  return randomBytes(24).toString("hex");
}

/** How a promise ends: `ok`, or the code it rejects with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "ok";
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}
