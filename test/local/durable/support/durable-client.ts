import { createRequire } from "node:module";

import type { DurableClient as Client } from "durable-functions";

import { toClientBinding } from "../../../../local/durable/client-binding.ts";

const require = createRequire(import.meta.url);
const { DurableClient } =
  require("durable-functions/lib/src/durableClient/DurableClient") as {
    DurableClient: new (binding: unknown) => Client;
  };

export const systemKey = "key/with+signs=";

/** The SDK's client of a served management API, through the loopback door or the public one. */
export function createDurableClient(
  origin: string,
  door: "rpc" | "webhooks",
): Client {
  const binding = toClientBinding({
    origin,
    hubName: "TestHub",
    systemKey,
    ...(door === "rpc" && { rpcBaseUrl: `${origin}/durabletask/` }),
  });
  return new DurableClient(JSON.parse(binding));
}
