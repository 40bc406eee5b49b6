import type { Logger } from "../../shared/kernel/log.ts";
import type { ContentSafe } from "../../shared/vault/content-safe.ts";

/** Removes ciphertext whose key is gone: what a process that died while it sealed or shredded may leave. */
export function createCleanVault({
  safe,
  log,
}: {
  readonly safe: ContentSafe;
  readonly log: Logger;
}) {
  return async (): Promise<void> => {
    log.event("vault.cleaned", await safe.sweep());
  };
}
