import type { Logger } from "../../shared/kernel/log.ts";
import { noTelemetry } from "../../shared/telemetry/no-telemetry.ts";
import type { Telemetry } from "../../shared/telemetry/telemetry.ts";
import type { ContentSafe } from "../../shared/vault/content-safe.ts";

/** Removes ciphertext whose key is gone: what a process that died while it sealed or shredded may leave. */
export function createCleanVault({
  safe,
  log,
  telemetry = noTelemetry,
}: {
  readonly safe: ContentSafe;
  readonly log: Logger;
  readonly telemetry?: Telemetry;
}) {
  const attributes = {
    "faas.name": "clean-vault",
    "faas.trigger": "timer",
  } as const;
  return (): Promise<void> =>
    telemetry.span("timer.run", { attributes }, async () => {
      log.event("vault.cleaned", await safe.sweep());
    });
}
