import type { Now } from "../kernel/clock.ts";
import { NucleusError } from "../kernel/errors.ts";
import { fetchKeySet } from "./fetch-key-set.ts";
import {
  parseSigningKeys,
  type SigningKey,
  type SigningKeys,
} from "./signing-keys.ts";

/** A key that the issuer removed is trusted for so long, plus the time for which a verified token is remembered. */
const freshForMs = 60 * 60_000;
/** Unknown ids make the set be read again at most so often: anybody can make them up. */
const cooldownMs = 30_000;
/** While the issuer does not answer, it is asked so often. */
const retryMs = 5000;

/** What issuers name their keys: thumbprints and counters. Whatever else a token says needs no look. */
const plausibleKid = /^[\w-]{1,128}$/;

/**
 * The keys that an issuer publishes.
 *
 * K1. However many requests wait, one fetch is under way; at most one is made per cooldown.
 * K2. What was read last stays while the issuer does not answer, or answers with no key set: its outage refuses nobody
 *     whose key is known, and delays nobody but the first. A key that is not known then is unavailable, not wrong.
 * K3. Every id is looked up in memory: none of it goes into a request.
 */
export function createRemoteKeys(options: {
  readonly url: URL;
  readonly now: Now;
}): SigningKeys {
  const { url, now } = options;
  let keys: readonly SigningKey[] = [];
  let staleAtMs = 0;
  let nextFetchAtMs = 0;
  let isFailing = false;
  let underWay: Promise<void> | undefined;

  const fetchKeys = async (): Promise<void> => {
    try {
      keys = parseSigningKeys(await fetchKeySet(url));
      isFailing = false;
      staleAtMs = now() + freshForMs;
    } catch {
      isFailing = true;
    }
    nextFetchAtMs = now() + (isFailing ? retryMs : cooldownMs);
    underWay = undefined;
  };

  const refresh = (): Promise<void> => {
    if (underWay === undefined && now() >= nextFetchAtMs)
      underWay = fetchKeys();
    return underWay ?? Promise.resolve();
  };

  const withId = (kid: string): readonly SigningKey[] =>
    keys.filter((key) => key.kid === kid);

  return {
    async find(kid) {
      if (kid === undefined || !plausibleKid.test(kid)) return [];
      if (now() >= staleAtMs) {
        const refreshed = refresh();
        if (!isFailing) await refreshed;
      }
      if (withId(kid).length === 0) await refresh();
      const found = withId(kid);
      if (found.length === 0 && isFailing)
        throw new NucleusError("service_unavailable", {
          retryAfterMs: Math.max(1000, nextFetchAtMs - now()),
        });
      return found;
    },
  };
}
