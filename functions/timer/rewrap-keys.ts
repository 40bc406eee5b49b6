import type { Logger } from "../../shared/kernel/log.ts";
import { noTelemetry } from "../../shared/telemetry/no-telemetry.ts";
import type { Telemetry } from "../../shared/telemetry/telemetry.ts";
import type { KeyRotation } from "../../shared/vault/rotate-keys.ts";

/**
 * Lets keys that nobody used since the key-encryption key was rotated follow it, so that an operator who set a new
 * version need do nothing else, and can see in the log when the old one is no longer needed.
 */
export function createRewrapKeys({
  rotation,
  log,
  telemetry = noTelemetry,
}: {
  readonly rotation: Pick<KeyRotation, "rewrapAll">;
  readonly log: Logger;
  readonly telemetry?: Telemetry;
}) {
  const attributes = {
    "faas.name": "rewrap-keys",
    "faas.trigger": "timer",
  } as const;
  return (): Promise<void> =>
    telemetry.span("timer.run", { attributes }, async () => {
      log.event("keys.rewrapped", await rotation.rewrapAll());
    });
}
