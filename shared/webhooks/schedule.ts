const hourMs = 60 * 60 * 1000;

/** Seconds before each attempt of a delivery, the first included. */
export type WebhookSchedule = readonly [first: number, ...later: number[]];

const maxAttempts = 20;
const maxDelaySeconds = 7 * 24 * 60 * 60;

/**
 * A delay is stretched by up to a fifth: endpoints that failed together are not called together again, and never
 * earlier than the schedule says. With `maxRetryAfterMs` it keeps the default schedule within the 96 hours for which a
 * result is at least kept.
 */
const jitter = 0.2;

/** An endpoint may put an attempt off, but not beyond the time for which there is a result to fetch. */
const maxRetryAfterMs = hourMs;

/**
 * Reads WEBHOOK_SCHEDULE: comma-separated seconds before each attempt, such as `0,5,300`.
 * @throws RangeError saying what is wrong with it.
 */
export function parseWebhookSchedule(text: string): WebhookSchedule {
  const [first = 0, ...later] = text.split(",").map((entry, index) => {
    const seconds = /^\s*\d{1,6}\s*$/.test(entry) ? Number(entry) : Infinity;
    if (seconds > maxDelaySeconds)
      throw new RangeError(
        `entry ${index + 1} is not a number of seconds from 0 to ${maxDelaySeconds}`,
      );
    return seconds;
  });
  if (later.length >= maxAttempts)
    throw new RangeError(`it has more than ${maxAttempts} attempts`);
  return [first, ...later];
}

interface EndedAttempts {
  /** How many attempts were made; 0 before the first. */
  readonly attempt: number;
  readonly schedule: WebhookSchedule;
  /** What the endpoint asked for in the last one. */
  readonly retryAfterMs?: number | undefined;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export type NextAttempt =
  | { readonly kind: "scheduled"; readonly delayMs: number }
  | { readonly kind: "dead" };

/** When to try (again), or that the schedule is used up. */
export function nextAttempt({
  attempt,
  schedule,
  retryAfterMs = 0,
  random,
}: EndedAttempts): NextAttempt {
  const seconds = schedule[attempt];
  if (seconds === undefined) return { kind: "dead" };
  const askedMs = Math.min(retryAfterMs, maxRetryAfterMs);
  const delayMs = Math.max(seconds * 1000, askedMs);
  return {
    kind: "scheduled",
    delayMs: Math.round(delayMs * (1 + jitter * random())),
  };
}
