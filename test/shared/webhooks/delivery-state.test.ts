import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  advanceDelivery,
  attemptsOfRound,
  DeliveryState,
  newDelivery,
  type DeliveryEvent,
  type Transition,
} from "../../../shared/webhooks/delivery-state.ts";

const counts = { attempt: 2, attemptsBefore: 0 };
const states = {
  pending: { status: "pending", ...counts },
  delivering: { status: "delivering", ...counts, leaseUntilMs: 1000 },
  scheduled: { status: "scheduled", ...counts, dueAtMs: 900 },
  delivered: { status: "delivered", ...counts, endedAtMs: 500 },
  dead: { status: "dead", ...counts, endedAtMs: 500, reason: "exhausted" },
} as const satisfies Record<string, DeliveryState>;

const begin = (attempt: number, nowMs: number) =>
  ({ type: "begin", attempt, nowMs, leaseMs: 60_000 }) as const;

const events = {
  "begin the last again": begin(2, 999),
  "begin the last after its lease": begin(2, 1000),
  "begin the next": begin(3, 1000),
  "begin an old one": begin(1, 1000),
  "begin one too far": begin(4, 1000),
  succeed: { type: "succeed", attempt: 2, nowMs: 700 },
  "succeed late": { type: "succeed", attempt: 1, nowMs: 700 },
  "fail, more to come": {
    type: "fail",
    attempt: 2,
    nowMs: 700,
    next: { kind: "scheduled", delayMs: 50 },
  },
  "fail, the last": {
    type: "fail",
    attempt: 2,
    nowMs: 700,
    next: { kind: "dead" },
  },
  "fail late": { type: "fail", attempt: 1, nowMs: 700, next: { kind: "dead" } },
  gone: { type: "gone", attempt: 2, nowMs: 700 },
  disable: { type: "disable", attempt: 2, nowMs: 700 },
  "disable late": { type: "disable", attempt: 1, nowMs: 700 },
  redeliver: { type: "redeliver" },
} as const satisfies Record<string, DeliveryEvent>;

const ignored = "ignored";
const startsNext = "delivering 3 until 61000";
/** Every state × event, in words; what is not listed is ignored. */
const table: Record<
  keyof typeof states,
  Partial<Record<keyof typeof events, string>>
> = {
  pending: { "begin the next": startsNext },
  delivering: {
    "begin the last again": "busy until 1000",
    "begin the last after its lease": "delivering 2 until 61000",
    succeed: "delivered",
    "fail, more to come": "scheduled at 750",
    "fail, the last": "dead exhausted",
    gone: "dead gone",
    disable: "dead disabled",
  },
  scheduled: {
    "begin the last again": "relay 3 at 900",
    "begin the last after its lease": "relay 3 at 900",
    "begin the next": startsNext,
  },
  delivered: { redeliver: "pending after 2" },
  dead: { redeliver: "pending after 2" },
};

function inWords(transition: Transition): string {
  switch (transition.kind) {
    case "ignored":
      return ignored;
    case "busy":
      return `busy until ${transition.untilMs}`;
    case "relay":
      return `relay ${transition.attempt} at ${transition.dueAtMs}`;
    case "moved":
      return stateInWords(DeliveryState.parse(transition.state));
    default:
      return transition satisfies never;
  }
}

function stateInWords(state: DeliveryState): string {
  switch (state.status) {
    case "pending":
      return `pending after ${state.attemptsBefore}`;
    case "delivering":
      return `delivering ${state.attempt} until ${state.leaseUntilMs}`;
    case "scheduled":
      return `scheduled at ${state.dueAtMs}`;
    case "delivered":
      return "delivered";
    case "dead":
      return `dead ${state.reason}`;
    default:
      return state satisfies never;
  }
}

const cases = Object.entries(states).flatMap(([from, state]) =>
  Object.entries(events).map(
    ([name, event]) =>
      [
        from,
        name,
        table[from as keyof typeof states][name as keyof typeof events] ??
          ignored,
        state,
        event,
      ] as const,
  ),
);

test.each(cases)("%s, %s: %s", (_from, _name, expected, state, event) => {
  expect(inWords(advanceDelivery(state, event))).toBe(expected);
});

test("a redelivery starts the schedule anew and counts attempts on", () => {
  const again = advanceDelivery(states.dead, { type: "redeliver" });
  if (again.kind !== "moved") throw new Error("not moved");
  expect(attemptsOfRound(again.state)).toBe(0);
  const begun = advanceDelivery(again.state, begin(3, 0));
  if (begun.kind !== "moved") throw new Error("not moved");
  expect(attemptsOfRound(begun.state)).toBe(1);
});

describe("a chain of messages, with a crash after any step and duplicates of any message", () => {
  /** Consumes messages as `deliver-webhook` does, in steps that a crash can separate. */
  function run(crashes: readonly boolean[]): {
    state: DeliveryState;
    posts: number[];
  } {
    const attempts = 3;
    const posts: number[] = [];
    let state: DeliveryState = newDelivery;
    let nowMs = 0;
    let step = 0;
    const queue = [1];
    const crashed = (): boolean => crashes[step++] ?? false;

    /** True when the message is completed; otherwise it comes again. */
    const consume = (message: number): boolean => {
      const begun = advanceDelivery(state, begin(message, nowMs));
      if (begun.kind === "busy") {
        nowMs = begun.untilMs;
        return false;
      }
      if (begun.kind === "relay") queue.push(begun.attempt);
      if (begun.kind !== "moved") return true;
      state = begun.state;
      if (crashed()) return false;
      posts.push(message);
      if (crashed()) return false;
      const ended = advanceDelivery(state, {
        type: "fail",
        attempt: message,
        nowMs,
        next:
          attemptsOfRound(state) < attempts
            ? { kind: "scheduled", delayMs: 10 }
            : { kind: "dead" },
      });
      if (ended.kind !== "moved") return true;
      state = ended.state;
      if (crashed()) return false;
      if (state.status === "scheduled") queue.push(message + 1);
      return !crashed();
    };

    for (let turn = 0; turn < 1000; turn += 1) {
      const message = queue.shift();
      if (message === undefined) break;
      if (!consume(message)) queue.push(message);
    }
    expect(queue).toEqual([]);
    return { state, posts };
  }

  test("ends, makes each attempt, in order, and again only where a crash hid that it was made", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 40 }), (crashes) => {
        const { state, posts } = run(crashes);
        expect(state).toMatchObject({ status: "dead", attempt: 3 });
        expect(posts).toEqual(posts.toSorted((a, b) => a - b));
        expect([...new Set(posts)]).toEqual([1, 2, 3]);
        const crashCount = crashes.filter(Boolean).length;
        expect(posts.length).toBeLessThanOrEqual(3 + crashCount);
      }),
      { numRuns: 500 },
    );
  });
});
