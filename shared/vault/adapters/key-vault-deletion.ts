import { setTimeout as delay } from "node:timers/promises";
import type { SecretClient } from "@azure/keyvault-secrets";
import { statusOf } from "../../azure/to-azure-failure.ts";
import { innerCodeOf } from "./key-vault-client.ts";

/**
 * Deletion on a vault with soft delete, which every vault has: a deleted secret keeps its name until it is purged, and
 * purging may be denied to the identity or, by purge protection, to everybody.
 */
export interface Deletion {
  /** Deletes and, where that is allowed, purges. A secret that is not there, or is being deleted, is fine. */
  remove(name: string): Promise<void>;
  /** Runs `set`; while a deleted secret has the name, makes way and runs it again, for about a minute. */
  reusingName<T>(name: string, set: () => Promise<T>): Promise<T>;
}

const atMostPolls = 30;

/** @param pollIntervalMs between two questions whether a deletion, purge or recovery is done */
export function createDeletion(
  client: SecretClient,
  pollIntervalMs: number,
): Deletion {
  const bounded = () => ({
    intervalInMs: pollIntervalMs,
    abortSignal: AbortSignal.timeout(atMostPolls * pollIntervalMs + 10_000),
  });

  const purge = (name: string) =>
    answered(client.purgeDeletedSecret(name), [403, 404, 409]);

  /** Purging first: a recovered secret brings its earlier versions along. */
  const makeWay = async (name: string): Promise<void> => {
    if ((await purge(name)) !== 403) return;
    const recovery = client.beginRecoverDeletedSecret(name, bounded());
    await answered(
      recovery.then((poller) => poller.pollUntilDone()),
      [404, 409],
    );
  };

  return {
    async remove(name) {
      const deletion = client.beginDeleteSecret(name, bounded());
      await answered(
        deletion.then((poller) => poller.pollUntilDone()),
        [404, 409],
      );
      await purge(name);
    },

    async reusingName(name, set) {
      for (let poll = 0; ; poll += 1) {
        try {
          return await set();
        } catch (error) {
          if (statusOf(error) !== 409 || poll === atMostPolls) throw error;
          if (innerCodeOf(error) === "ObjectIsDeletedButRecoverable") {
            await makeWay(name);
          }
          // A purge or recovery that is answered goes on for some seconds, in which the name is still taken.
          await delay(pollIntervalMs);
        }
      }
    },
  };
}

/** Waits for an operation; a refusal that was expected is answered with its status. */
async function answered(
  operation: Promise<unknown>,
  expected: readonly number[],
): Promise<number | undefined> {
  try {
    await operation;
    return undefined;
  } catch (error) {
    const status = statusOf(error);
    if (status === undefined || !expected.includes(status)) throw error;
    return status;
  }
}
