import { randomBytes } from "node:crypto";
import type {
  LaneIndex,
  LaneMessage,
  Lock,
  SessionLock,
} from "./lane-index.ts";
import type { MessageLane } from "./message-lane.ts";
import type { LaneStore, StoredMessage } from "./message-store.ts";
import {
  type DeadLetterCause,
  decideReturn,
  type MessageEvent,
  nextState,
  type ReturnPolicy,
} from "./message-states.ts";
import type { Timers } from "./timers.ts";

/** A message handed to a receiver. */
export interface HandedMessage {
  readonly content: Buffer;
  readonly sequenceNumber: number;
  readonly enqueuedAt: number;
  /** Earlier deliveries that were not settled. */
  readonly deliveryCount: number;
  readonly ttlMs: number | undefined;
  /** How often it was forwarded. */
  readonly hops: number;
  /** Absent when the message was taken for good. */
  readonly lock: Lock | undefined;
}

export interface LanePolicy extends ReturnPolicy {
  readonly lockDurationMs: number;
  /** Messages of a dead-letter queue do not expire. */
  readonly expires: boolean;
}

/** How a receiver settles; `edit` changes the application properties on the way. */
export interface Settlement {
  readonly event: "complete" | "abandon" | "release" | "defer" | "deadLetter";
  readonly edit?: (content: Buffer) => Buffer;
}

/** What the moves of one lane work on. */
export interface LaneParts {
  readonly index: LaneIndex;
  readonly store: LaneStore;
  readonly timers: Timers;
  readonly now: () => number;
  readonly policy: LanePolicy;
  readonly nextSequenceNumber: () => number;
  /** Called when a message can be handed out, with its session. */
  readonly onActive: (sessionId: string | undefined) => void;
  /** Takes what this lane dead-letters; absent in a dead-letter queue, where such a message returns. */
  readonly deadLetters: MessageLane | undefined;
  /** Writes the cause into a message that the broker dead-letters. */
  readonly explain: (content: Buffer, cause: DeadLetterCause) => Buffer;
}

/** Takes a message whose row lies in this lane into memory; an active one that is spent or out of time leaves. */
export function adopt(lane: LaneParts, stored: StoredMessage): void {
  const { id, sequenceNumber, state, deliveries, enqueuedAt } = stored;
  const { scheduledFor, ttlMs, hops } = stored;
  const message: LaneMessage = {
    id,
    sequenceNumber,
    state,
    deliveries,
    enqueuedAt,
    scheduledFor,
    ttlMs,
    expiresAt: Infinity,
    hops,
    sessionId: lane.policy.requiresSession ? stored.sessionId : undefined,
    lock: undefined,
    timer: undefined,
    heapIndex: -1,
  };
  if (state !== "scheduled") message.expiresAt = expiryOf(lane, message);
  enter(lane, message);
  // An active message with all its deliveries behind it was locked when the process ended. A deferred one may have
  // been deferred at its last delivery, and stays.
  if (state === "active") endIfDue(lane, message);
}

/** Ends a message that is spent or out of time; true when it did. */
export function endIfDue(lane: LaneParts, message: LaneMessage): boolean {
  const decision = decideReturn(message, lane.policy, lane.now());
  switch (decision.event) {
    case "return":
      return false;
    case "expire":
      remove(lane, message, "expire");
      return true;
    case "deadLetter":
      lane.store.setContent(
        message.id,
        lane.explain(lane.store.content(message.id), decision.cause),
      );
      deadLetter(lane, message);
      return true;
    default:
      return decision satisfies never;
  }
}

/** Locks the message for a receiver, counting the delivery, or takes it for good. */
export function hand(
  lane: LaneParts,
  message: LaneMessage,
  mode: "lock" | "take",
  session?: SessionLock,
): HandedMessage {
  const content = lane.store.content(message.id);
  const { sequenceNumber, enqueuedAt, deliveries } = message;
  if (mode === "take") {
    remove(lane, message, "take");
  } else {
    message.deliveries += 1;
    lane.store.setDeliveries(message.id, message.deliveries);
    move(lane, message, "lock", createLock(lane, session));
  }
  const { lock } = message;
  return {
    content,
    sequenceNumber,
    enqueuedAt,
    deliveryCount: deliveries,
    ttlMs: message.ttlMs,
    hops: message.hops,
    lock,
  };
}

/** Carries out a receiver's settlement of a message that it has locked. */
export function settle(
  lane: LaneParts,
  message: LaneMessage,
  { event, edit }: Settlement,
): void {
  const { store } = lane;
  if (edit !== undefined) {
    store.setContent(message.id, edit(store.content(message.id)));
  }
  switch (event) {
    case "complete":
      remove(lane, message, "complete");
      break;
    case "abandon":
      giveBack(lane, message);
      break;
    case "release":
      giveBackUncounted(lane, message);
      break;
    case "defer":
      store.setState(message.id, "deferred");
      move(lane, message, "defer");
      break;
    case "deadLetter":
      deadLetter(lane, message);
      break;
    default:
      event satisfies never;
  }
}

/** Extends the lock by the queue's lock duration, from now. */
export function renew(
  lane: LaneParts,
  message: LaneMessage,
  lock: Lock,
): number {
  const until = lane.now() + lane.policy.lockDurationMs;
  message.lock = { ...lock, until };
  clearTimer(lane, message);
  setTimer(lane, message);
  return until;
}

/** Gives back a message as if it had not been delivered. */
export function giveBackUncounted(lane: LaneParts, message: LaneMessage): void {
  message.deliveries -= 1;
  lane.store.setDeliveries(message.id, message.deliveries);
  giveBack(lane, message);
}

/** Removes the message from memory and disk. */
export function remove(
  lane: LaneParts,
  message: LaneMessage,
  event: MessageEvent,
): void {
  move(lane, message, event);
  lane.store.remove(message.id);
}

/** Gives back a message with its delivery counted. */
export function giveBack(lane: LaneParts, message: LaneMessage): void {
  if (!endIfDue(lane, message)) move(lane, message, "return");
}

function deadLetter(lane: LaneParts, message: LaneMessage): void {
  if (lane.deadLetters === undefined) {
    giveBack(lane, message);
    return;
  }
  move(lane, message, "deadLetter");
  lane.store.moveTo(message.id, "deadLetter");
  lane.deadLetters.adopt({ ...message, state: "active" });
}

/** As in Service Bus, a scheduled message joins the end of the queue under a new number. */
function enqueue(lane: LaneParts, message: LaneMessage): void {
  const sequenceNumber = lane.nextSequenceNumber();
  const enqueuedAt = lane.now();
  lane.store.activate(message.id, sequenceNumber, enqueuedAt);
  leave(lane, message);
  message.sequenceNumber = sequenceNumber;
  message.enqueuedAt = enqueuedAt;
  message.expiresAt = expiryOf(lane, message);
  message.state = "active";
  enter(lane, message);
  endIfDue(lane, message);
}

/** Brings the message into the state after `event`; an event that the state forbids is a bug of the caller. */
function move(
  lane: LaneParts,
  message: LaneMessage,
  event: MessageEvent,
  lock?: Lock,
): void {
  const state = nextState(message.state, event);
  if (state === undefined) {
    throw new Error(`A ${message.state} message cannot ${event}.`);
  }
  leave(lane, message);
  message.lock = lock;
  if (state === "removed" || state === "deadLettered") return;
  message.state = state;
  enter(lane, message);
}

function enter(lane: LaneParts, message: LaneMessage): void {
  lane.index.enter(message);
  if (message.state === "active") lane.onActive(message.sessionId);
  setTimer(lane, message);
}

function leave(lane: LaneParts, message: LaneMessage): void {
  lane.index.leave(message);
  clearTimer(lane, message);
}

function setTimer(lane: LaneParts, message: LaneMessage): void {
  const { timers } = lane;
  switch (message.state) {
    case "scheduled":
      message.timer = timers.set(message.scheduledFor ?? 0, () =>
        enqueue(lane, message),
      );
      break;
    case "active":
    case "deferred":
      if (message.expiresAt === Infinity) break;
      message.timer = timers.set(message.expiresAt, () =>
        endIfDue(lane, message),
      );
      break;
    case "locked":
    case "deferredLocked":
      // A session's own timer sees to all that is locked with it.
      if (message.lock?.session !== undefined) break;
      message.timer = timers.set(message.lock?.until ?? 0, () =>
        giveBack(lane, message),
      );
      break;
    default:
      message.state satisfies never;
  }
}

function createLock(lane: LaneParts, session: SessionLock | undefined): Lock {
  const token = randomBytes(16).toString("hex");
  if (session === undefined) {
    const until = lane.now() + lane.policy.lockDurationMs;
    return { token, until, session };
  }
  return {
    token,
    session,
    get until() {
      return session.until;
    },
  };
}

function clearTimer(lane: LaneParts, message: LaneMessage): void {
  if (message.timer !== undefined) lane.timers.cancel(message.timer);
  message.timer = undefined;
}

function expiryOf(lane: LaneParts, message: LaneMessage): number {
  return lane.policy.expires && message.ttlMs !== undefined
    ? message.enqueuedAt + message.ttlMs
    : Infinity;
}
