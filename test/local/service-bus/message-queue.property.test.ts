import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { withApplicationProperties } from "../../../local/service-bus/amqp/message-codec.ts";
import { amqpMessages } from "../../../local/service-bus/amqp/rhea-internals.ts";
import {
  type MessageQueue,
  openMessageQueue,
} from "../../../local/service-bus/message-queue.ts";
import { createMessageStore } from "../../../local/service-bus/message-store.ts";
import {
  SERVICE_BUS_APPLICATION_ID,
  serviceBusMigrations,
} from "../../../local/service-bus/migrations.ts";
import { createTimers } from "../../../local/service-bus/timers.ts";
import { openDatabase } from "../../../shared/storage/open-database.ts";
import { createQueueModel } from "./queue-model.ts";
import { createVirtualClock } from "./virtual-clock.ts";

const LOCK_MS = 5_000;
const MAX_DELIVERIES = 3;

const operation = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("send" as const),
      ttlMs: fc.option(fc.integer({ min: 1, max: 30_000 }), { nil: undefined }),
      delayMs: fc.option(fc.integer({ min: 1, max: 20_000 }), {
        nil: undefined,
      }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("receive" as const),
      mode: fc.constantFrom(
        "lock" as const,
        "lock" as const,
        "lock" as const,
        "take" as const,
      ),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("settle" as const),
      pick: fc.nat(),
      event: fc.constantFrom(
        "complete" as const,
        "abandon" as const,
        "release" as const,
        "defer" as const,
        "deadLetter" as const,
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("renew" as const),
      pick: fc.nat(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("receiveDeferred" as const),
      pick: fc.nat(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("cancel" as const),
      pick: fc.nat(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("advance" as const),
      ms: fc.integer({ min: 1, max: 8_000 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("restart" as const) }),
  },
);

describe("a queue", () => {
  it.each([true, false])(
    "does what the model does, whatever happens to it (dead-letters expired: %s)",
    (deadLettersExpired) => {
      fc.assert(
        fc.property(
          fc.array(operation, { minLength: 30, maxLength: 80 }),
          (operations) => {
            const bench = createBench(deadLettersExpired);
            for (const step of operations) {
              const { actual, expected } = bench.run(step);
              expect(actual).toEqual(expected);
              bench.fireDueTimers();
              expect(bench.observed()).toEqual(bench.model.observed());
            }
            bench.close();
          },
        ),
        { numRuns: 150, seed: 20_260 },
      );
    },
  );
});

type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

interface Answers {
  readonly actual: unknown;
  readonly expected: unknown;
}

function createBench(deadLettersExpired: boolean) {
  const clock = createVirtualClock(1_000_000);
  const database = openDatabase({
    file: ":memory:",
    applicationId: SERVICE_BUS_APPLICATION_ID,
    migrations: serviceBusMigrations,
  });
  const model = createQueueModel({
    startMs: clock.now(),
    lockMs: LOCK_MS,
    maxDeliveries: MAX_DELIVERIES,
    deadLettersExpired,
  });
  let timers = createTimers(clock, (step) => step());
  const open = (): MessageQueue =>
    openMessageQueue({
      definition: {
        name: "q",
        lockDurationMs: LOCK_MS,
        maxDeliveryCount: MAX_DELIVERIES,
        deadLetteringOnMessageExpiration: deadLettersExpired,
      },
      store: createMessageStore(database),
      timers,
      now: () => clock.now(),
      transact: (step) => step(),
      intakeOf(name) {
        throw new RangeError(name);
      },
    });
  let queue = open();
  let tokens: (string | undefined)[] = [];
  let sent = 0;

  /** Does the step to the queue and to the model, and says what each answered. */
  const run = (step: Operation): Answers => {
    switch (step.kind) {
      case "send": {
        sent += 1;
        // Every message of its own instant: the order of two that are due at once is open.
        const delayMs =
          step.delayMs === undefined ? undefined : step.delayMs * 100 + sent;
        queue.send([
          {
            content: content(sent),
            messageId: String(sent),
            ttlMs: step.ttlMs,
            scheduledFor:
              delayMs === undefined ? undefined : clock.now() + delayMs,
            sessionId: undefined,
          },
        ]);
        model.send(sent, step.ttlMs, delayMs);
        break;
      }
      case "receive": {
        const message = queue.main.lane.next(step.mode);
        tokens.push(message?.lock?.token);
        return {
          actual: message && idOf(message.content),
          expected: model.receive(step.mode),
        };
      }
      case "settle": {
        const index = step.pick % (tokens.length || 1);
        const token = tokens[index] ?? "";
        const isSettled = queue.main.lane.settle(token, {
          event: step.event,
          edit: (bytes) => withApplicationProperties(bytes, []),
        });
        return { actual: isSettled, expected: model.settle(index, step.event) };
      }
      case "renew": {
        const index = step.pick % (tokens.length || 1);
        const until = queue.main.lane.renew(tokens[index] ?? "");
        return { actual: until, expected: model.renew(index) };
      }
      case "receiveDeferred": {
        const target = model.deferredAt(step.pick);
        if (target === undefined) break;
        const found = queue.main.lane.receiveDeferred(
          [numberOf(target)],
          "lock",
        );
        tokens.push(found?.[0]?.lock?.token);
        model.receiveDeferred(target);
        break;
      }
      case "cancel": {
        const target = model.scheduledAt(step.pick);
        if (target === undefined) break;
        model.cancel(target);
        return {
          actual: queue.main.lane.cancelScheduled([numberOf(target)]),
          expected: true,
        };
      }
      case "advance":
        clock.advance(step.ms);
        model.advance(step.ms);
        break;
      case "restart":
        timers.clear();
        timers = createTimers(clock, (due) => due());
        queue = open();
        tokens = tokens.map(() => undefined);
        model.restart();
        break;
      default:
        step satisfies never;
    }
    return { actual: undefined, expected: undefined };
  };

  const numberOf = (id: number): number =>
    queue.main.lane
      .peek(0, 1000)
      .find((message) => idOf(message.content) === id)?.sequenceNumber ?? -1;

  const observed = () => {
    const { counts } = queue.main.lane;
    return {
      order: queue.main.lane.peek(0, 1000).map((m) => idOf(m.content)),
      dead: queue.deadLetters.lane.peek(0, 1000).map((m) => idOf(m.content)),
      counts: { ...counts },
      size: queue.main.lane.size,
      deadSize: queue.deadLetters.lane.size,
    };
  };

  return {
    run,
    fireDueTimers: () => clock.advance(0),
    observed,
    model,
    close: () => database.close(),
  };
}

const content = (id: number): Buffer =>
  amqpMessages.encode({ message_id: String(id), body: id });

const idOf = (bytes: Buffer): number =>
  Number(amqpMessages.decode(bytes)["message_id"]);
