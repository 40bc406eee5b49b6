import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { expect, test } from "vitest";
import { egressObservers } from "../../../shared/egress/egress-observers.ts";
import { parseEgressAllow } from "../../../shared/egress/egress-policy.ts";
import { createSafeClient } from "../../../shared/egress/safe-client.ts";
import { Content } from "../../../shared/kernel/content.ts";
import { serve } from "./serve.ts";

test("nobody listens by default; whoever does sees URLs, and is named", async () => {
  expect(egressObservers()).toEqual([]);

  const { host, origin } = await serve((_, response) => response.end());
  const seen: unknown[] = [];
  const listen = (message: unknown): void => void seen.push(message);
  subscribe("undici:request:create", listen);
  try {
    const client = createSafeClient({ allow: parseEgressAllow(host) });
    const response = await client.fetch(Content.fromText(`${origin}/secret`), {
      timeoutMs: 5000,
      maxBytes: 10,
      codes: {
        refused: "delivery_refused",
        unreachable: "delivery_failed",
        timeout: "delivery_failed",
        tooLarge: "delivery_failed",
      },
    });
    await response.discard();
    await client.close();
    expect(seen).toMatchObject([{ request: { path: "/secret" } }]);
    expect(egressObservers()).toEqual(["undici:request:create"]);
  } finally {
    unsubscribe("undici:request:create", listen);
  }
  expect(egressObservers()).toEqual([]);
});
