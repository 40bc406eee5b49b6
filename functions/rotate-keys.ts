import { setTimeout as sleep } from "node:timers/promises";
import { systemNow } from "../shared/kernel/clock.ts";
import { ConfigurationError, loadConfig } from "../shared/kernel/config.ts";
import { NucleusError } from "../shared/kernel/errors.ts";
import {
  createKeyRotation,
  type Rotated,
} from "../shared/vault/rotate-keys.ts";
import { createIdentity } from "./clients.ts";
import { openStores } from "./stores.ts";

/** What the program says on stdout, as one line of JSON. */
export type RotationReport = Rotated | { readonly problem: string };

/** Makes a new key-encryption key and wraps every live key under it: what `nucleus rotate-keys` runs. */
console.log(JSON.stringify(await run()));

async function run(): Promise<RotationReport> {
  try {
    const config = loadConfig();
    const stores = await openStores({
      config,
      credential: createIdentity(config),
      now: systemNow,
      sleep,
      random: Math.random,
    });
    try {
      return await createKeyRotation({ ...stores, now: systemNow }).rotate();
    } finally {
      await Promise.all([stores.store.close(), stores.keys.close()]);
    }
  } catch (thrown) {
    if (thrown instanceof ConfigurationError || thrown instanceof NucleusError)
      return { problem: thrown.message };
    throw thrown;
  }
}
