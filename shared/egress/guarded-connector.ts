import { lookup } from "node:dns/promises";
import { isIP, type LookupFunction } from "node:net";
import { callbackify } from "node:util";
import { buildConnector } from "undici";
import { EgressFault } from "./egress-fault.ts";
import type { EgressPolicy } from "./egress-policy.ts";
import { isPublicAddress } from "./public-address.ts";

/** All addresses of a host name. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

const resolveWithSystem: Resolve = async (hostname) =>
  (await lookup(hostname, { all: true })).map(({ address }) => address);

interface GuardedConnectorOptions {
  readonly policy: EgressPolicy;
  readonly timeoutMs: number;
  readonly resolve?: Resolve;
}

/**
 * Opens sockets for undici. A name is resolved once per connection, and the socket connects to the very addresses that
 * were checked: what the name means a moment later (DNS rebinding) does not matter. One private address among public
 * ones refuses the host, because which one is used would be left to chance.
 */
export function createGuardedConnector({
  policy,
  timeoutMs,
  resolve = resolveWithSystem,
}: GuardedConnectorOptions): buildConnector.connector {
  const options = { timeout: timeoutMs, allowH2: false };
  const open = buildConnector({ ...options, lookup: toLookup(resolve) });
  const guarded = buildConnector({
    ...options,
    lookup: toLookup(async (hostname) => {
      const addresses = await resolve(hostname);
      if (!addresses.every(isPublicAddress)) throw new EgressFault("refused");
      return addresses;
    }),
  });

  return (target, callback) => {
    const { hostname, protocol, port } = target;
    const portNumber = Number(port) || (protocol === "https:" ? 443 : 80);
    if (policy.isExempt(hostname, portNumber)) open(target, callback);
    // A literal address is never looked up.
    else if (isIP(hostname) !== 0 && !isPublicAddress(hostname))
      callback(new EgressFault("refused"), null);
    else guarded(target, callback);
  };
}

/** Presents `resolve` as the `lookup` that `net.connect` takes; with several addresses node tries one after another. */
function toLookup(resolve: Resolve): LookupFunction {
  const resolveThen = callbackify(resolve);
  return (hostname, options, callback) => {
    resolveThen(hostname, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error !== null) callback(error, "");
      else if (first === undefined)
        callback(new EgressFault("unreachable"), "");
      else if (options.all === true)
        callback(
          null,
          addresses.map((address) => ({ address, family: isIP(address) })),
        );
      else callback(null, first, isIP(first));
    });
  };
}
