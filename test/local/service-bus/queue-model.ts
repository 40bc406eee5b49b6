import type { MessageState } from "../../../local/service-bus/message-states.ts";

/** A message queue as one would write it on a blackboard: a list, looked through from end to end. */
export interface QueueModel {
  send(
    id: number,
    ttlMs: number | undefined,
    delayMs: number | undefined,
  ): void;
  /** The id handed out, if any. Each call counts as one receipt; receipts are numbered from 0. */
  receive(mode: "lock" | "take"): number | undefined;
  receiveDeferred(id: number): void;
  settle(
    receipt: number,
    event: "complete" | "abandon" | "release" | "defer" | "deadLetter",
  ): boolean;
  renew(receipt: number): number | undefined;
  cancel(id: number): void;
  deferredAt(pick: number): number | undefined;
  scheduledAt(pick: number): number | undefined;
  advance(ms: number): void;
  restart(): void;
  observed(): unknown;
}

interface ModelMessage {
  readonly id: number;
  order: number;
  state: MessageState;
  deliveries: number;
  readonly ttlMs: number;
  enqueuedAt: number;
  dueAt: number;
  receipt: number | undefined;
  lockedUntil: number;
}

export function createQueueModel(options: {
  readonly startMs: number;
  readonly lockMs: number;
  readonly maxDeliveries: number;
  readonly deadLettersExpired: boolean;
}): QueueModel {
  let now = options.startMs;
  let order = 0;
  let receipts = 0;
  let messages: ModelMessage[] = [];
  let dead: ModelMessage[] = [];

  const inOrder = (list: ModelMessage[]) =>
    list.toSorted((a, b) => a.order - b.order);
  const drop = (message: ModelMessage): void => {
    messages = messages.filter((other) => other !== message);
  };
  const bury = (message: ModelMessage): void => {
    drop(message);
    dead.push(message);
  };
  const endIfDue = (message: ModelMessage): boolean => {
    const isExpired = now >= message.enqueuedAt + message.ttlMs;
    if (isExpired && options.deadLettersExpired) bury(message);
    else if (isExpired) drop(message);
    else if (message.deliveries >= options.maxDeliveries) bury(message);
    else return false;
    return true;
  };
  const giveBack = (message: ModelMessage): void => {
    message.receipt = undefined;
    message.state = message.state === "locked" ? "active" : "deferred";
    endIfDue(message);
  };
  const lock = (message: ModelMessage, state: MessageState): void => {
    message.state = state;
    message.deliveries += 1;
    message.lockedUntil = now + options.lockMs;
    message.receipt = receipts;
    receipts += 1;
  };
  const heldBy = (receipt: number): ModelMessage | undefined =>
    messages.find((message) => message.receipt === receipt);
  const inState = (state: MessageState): ModelMessage[] =>
    inOrder(messages.filter((message) => message.state === state));
  const nth = (list: ModelMessage[], pick: number) =>
    list[pick % (list.length || 1)]?.id;

  const dueAt = (message: ModelMessage): number => {
    if (message.state === "scheduled") return message.dueAt;
    return message.receipt === undefined
      ? message.enqueuedAt + message.ttlMs
      : message.lockedUntil;
  };
  const fire = (message: ModelMessage): void => {
    if (message.state === "scheduled") {
      message.state = "active";
      message.enqueuedAt = now;
      message.order = ++order;
      endIfDue(message);
    } else if (message.receipt === undefined) endIfDue(message);
    else giveBack(message);
  };

  return {
    send(id, ttlMs = Infinity, delayMs) {
      messages.push({
        id,
        order: ++order,
        state: delayMs === undefined ? "active" : "scheduled",
        deliveries: 0,
        ttlMs,
        enqueuedAt: now,
        dueAt: now + (delayMs ?? 0),
        receipt: undefined,
        lockedUntil: 0,
      });
    },
    receive(mode) {
      const message = inState("active")[0];
      if (message !== undefined && mode === "lock") lock(message, "locked");
      else receipts += 1;
      if (message !== undefined && mode === "take") drop(message);
      return message?.id;
    },
    receiveDeferred(id) {
      const message = messages.find((other) => other.id === id);
      if (message !== undefined) lock(message, "deferredLocked");
    },
    settle(receipt, event) {
      const message = heldBy(receipt);
      if (message === undefined) return false;
      if (event === "release") message.deliveries -= 1;
      if (event === "complete") drop(message);
      else if (event === "deadLetter") bury(message);
      else if (event === "defer") {
        message.state = "deferred";
        message.receipt = undefined;
        // Its time to live may have run out while it was locked; the timer sees to it at once.
        if (now >= message.enqueuedAt + message.ttlMs) endIfDue(message);
      } else giveBack(message);
      return true;
    },
    renew(receipt) {
      const message = heldBy(receipt);
      if (message === undefined) return undefined;
      message.lockedUntil = now + options.lockMs;
      return message.lockedUntil;
    },
    cancel(id) {
      const message = messages.find((other) => other.id === id);
      if (message !== undefined) drop(message);
    },
    deferredAt: (pick) => nth(inState("deferred"), pick),
    scheduledAt: (pick) => nth(inState("scheduled"), pick),
    advance(ms) {
      const until = now + ms;
      for (;;) {
        const next = messages
          .filter((message) => dueAt(message) <= until)
          .toSorted((a, b) => dueAt(a) - dueAt(b))[0];
        if (next === undefined) break;
        now = Math.max(now, dueAt(next));
        fire(next);
      }
      now = until;
    },
    restart() {
      for (const message of inOrder(messages)) {
        if (message.state === "locked") giveBack(message);
        else if (message.state === "deferredLocked") {
          message.state = "deferred";
          message.receipt = undefined;
          if (now >= message.enqueuedAt + message.ttlMs) endIfDue(message);
        }
      }
    },
    observed() {
      const counts: Record<MessageState, number> = {
        scheduled: 0,
        active: 0,
        locked: 0,
        deferred: 0,
        deferredLocked: 0,
      };
      for (const message of messages) counts[message.state] += 1;
      return {
        order: inOrder(messages).map((message) => message.id),
        dead: inOrder(dead).map((message) => message.id),
        counts,
        size: messages.length,
        deadSize: dead.length,
      };
    },
  };
}
