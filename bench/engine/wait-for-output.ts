import { setTimeout as sleep } from "node:timers/promises";

/** Asks once whether an instance has ended: its output, or undefined while it runs. */
export type AskForOutput = () => Promise<
  { readonly output: unknown } | undefined
>;

/** More asking at once would only take processor time from what is asked for. */
const askersAtOnce = 8;
const shortestPauseMs = 1;
/** An instance that has run for eight milliseconds is asked for again in one. */
const pauseShareOfAge = 1 / 8;

/** Asking a little before the quickest end so far finds out when ends become quicker. */
const firstAskShareOfQuickest = 0.9;
/** The host keeps a question about an instance that is at work for up to ten milliseconds, and answers at its end. */
const keptMs = 8;

/**
 * Creates the cheapest way to wait where one can only ask: few ask at a time, for the oldest first, none much before
 * the quickest end that was seen so far, and the pause between two questions grows with the instance's age. At one
 * client an end is seen within about a millisecond; at many, nearly every question finds an instance that has ended.
 */
export function createOutputWait(): (ask: AskForOutput) => Promise<unknown> {
  const queue: (() => void)[] = [];
  let asking = 0;
  let quickestMs = 0;
  return async (ask) => {
    const startedAt = performance.now();
    if (asking === askersAtOnce)
      await new Promise<void>((resolve) => queue.push(resolve));
    else asking += 1;
    try {
      const firstAskAt =
        startedAt + quickestMs * firstAskShareOfQuickest - keptMs;
      const tooEarlyMs = firstAskAt - performance.now();
      if (tooEarlyMs > 0) await sleep(tooEarlyMs);
      for (;;) {
        const answer = await ask();
        const ageMs = performance.now() - startedAt;
        if (answer !== undefined) {
          quickestMs = quickestMs === 0 ? ageMs : Math.min(quickestMs, ageMs);
          return answer.output;
        }
        await sleep(Math.max(shortestPauseMs, ageMs * pauseShareOfAge));
      }
    } finally {
      const next = queue.shift();
      if (next === undefined) asking -= 1;
      else next();
    }
  };
}
