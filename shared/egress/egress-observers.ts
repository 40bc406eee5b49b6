import { hasSubscribers } from "node:diagnostics_channel";

const revealingChannels = [
  "undici:client:beforeConnect",
  "undici:client:connected",
  "undici:client:connectError",
  "undici:client:sendHeaders",
  "undici:request:create",
  "undici:request:headers",
  "undici:request:trailers",
  "undici:request:error",
] as const;

/**
 * The diagnostics channels of undici to which something in this process listens. Whoever does sees the URL of each
 * outgoing call, whichever Agent makes it: an undici instrumentation without `ignoreRequestHook`, or NODE_DEBUG=undici.
 * node:http instrumentation does not, as undici does not go through node:http. Empty is what a start asks for.
 */
export function egressObservers(): readonly string[] {
  return revealingChannels.filter((channel) => hasSubscribers(channel));
}
