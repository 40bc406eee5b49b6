import type { Connection, Receiver, Sender } from "rhea";
import type { Timer, Timers } from "../timers.ts";
import { amqpErrors } from "./amqp-errors.ts";

/** What the tokens of one connection let it do. */
export interface Claims {
  /** Takes a token's claim on an audience; a later one for the same audience takes its place. */
  put(audience: string, expiresAt: number): void;
  /** Whether a token that has not expired covers the entity at an address. */
  cover(address: string): boolean;
  /** Closes the link once nothing covers its address any more. */
  watch(link: Sender | Receiver, address: string): void;
  /** Forgets everything: the connection has ended. */
  clear(): void;
}

/** The claims of each connection. */
export interface ClaimsDesk {
  of(connection: Connection): Claims;
  end(connection: Connection): void;
}

export interface ClaimsOptions {
  readonly timers: Timers;
  readonly now: () => number;
}

/** Creates the desk of an endpoint on which every link needs a token. */
export function createClaimsDesk(options: ClaimsOptions): ClaimsDesk {
  const claims = new Map<Connection, Claims>();
  return {
    of(connection) {
      const known = claims.get(connection) ?? createClaims(options);
      claims.set(connection, known);
      return known;
    },
    end(connection) {
      claims.get(connection)?.clear();
      claims.delete(connection);
    },
  };
}

/** As in Service Bus, a token that expires takes the links of its entity with it; a token put in time saves them. */
function createClaims({ timers, now }: ClaimsOptions): Claims {
  const expiries = new Map<string, Timer>();
  const links = new Map<Sender | Receiver, string>();
  let isEnded = false;

  const cover = (address: string): boolean => {
    const path = toPath(address);
    const isAbove = (claimed: string): boolean =>
      claimed === "" || path === claimed || path.startsWith(`${claimed}/`);
    return [...expiries].some(
      ([claimed, { atMs }]) => atMs > now() && isAbove(claimed),
    );
  };

  const expire = (claimed: string): void => {
    expiries.delete(claimed);
    for (const [link, address] of links) {
      if (cover(address)) continue;
      links.delete(link);
      link.close(
        amqpErrors.unauthorized("ExpiredToken: The token is expired."),
      );
    }
  };

  return {
    cover,
    put(audience, expiresAt) {
      // The connection may end while its token is looked at.
      if (isEnded) return;
      const claimed = toPath(audience.replace(/^\w+:\/\/[^/]*/u, ""));
      const replaced = expiries.get(claimed);
      if (replaced !== undefined) timers.cancel(replaced);
      expiries.set(
        claimed,
        timers.set(expiresAt, () => expire(claimed)),
      );
    },
    watch(link, address) {
      links.set(link, address);
      const closed = link.is_sender() ? "sender_close" : "receiver_close";
      link.on(closed, () => links.delete(link));
    },
    clear() {
      isEnded = true;
      for (const timer of expiries.values()) timers.cancel(timer);
      expiries.clear();
      links.clear();
    },
  };
}

/** The entity's path: whoever may use an entity may use its management node. */
function toPath(address: string): string {
  return address
    .toLowerCase()
    .replace(/\/?\$management$/u, "")
    .replaceAll(/^\/+|\/+$/gu, "");
}
