import { expect, test } from "vitest";
import { createRewrapKeys } from "../../functions/timer/rewrap-keys.ts";
import { createLogger } from "../../shared/kernel/log.ts";
import { Secret } from "../../shared/vault/secrets.ts";
import { acceptJob, createCore, openPorts } from "../support/core.ts";

test("after an operator set a new key-encryption key, the timer brings every live key along, once", async () => {
  const ports = openPorts();
  const core = createCore(ports);
  await acceptJob(core, ports);
  const { version } = await ports.secrets.set(
    "kek",
    Secret.fromBytes(new Uint8Array(32).fill(7)),
  );
  const lines: string[] = [];
  const rewrap = createRewrapKeys({
    rotation: core.rotation,
    log: createLogger((line) => lines.push(line), ports.clock.now),
  });
  await rewrap();
  await rewrap();
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    {
      event: "keys.rewrapped",
      kekVersion: version,
      rewrapped: expect.any(Number) as number,
      failed: 0,
    },
    { event: "keys.rewrapped", kekVersion: version, rewrapped: 0, failed: 0 },
  ]);
  const [first] = lines.map(
    (line) => JSON.parse(line) as { rewrapped: number },
  );
  expect(first?.rewrapped).toBeGreaterThan(0);
});
