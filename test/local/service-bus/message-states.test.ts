import { describe, expect, it } from "vitest";
import {
  decideReturn,
  type MessageEvent,
  type MessageState,
  messageTransitions,
  nextState,
} from "../../../local/service-bus/message-states.ts";

const states = Object.keys(messageTransitions) as MessageState[];
const locked: readonly MessageState[] = ["locked", "deferredLocked"];

describe("the life of a message", () => {
  it.each<[MessageEvent, readonly MessageState[]]>([
    ["lock", ["active", "deferred"]],
    ["take", ["active", "deferred"]],
    ["complete", locked],
    ["return", locked],
    ["defer", locked],
    ["enqueue", ["scheduled"]],
    ["cancel", ["scheduled"]],
    ["deadLetter", ["active", "deferred", ...locked]],
    ["expire", ["active", "deferred", ...locked]],
  ])("%s happens to %s messages only", (event, expected) => {
    const possible = states.filter((state) => nextState(state, event));
    expect(possible.toSorted()).toEqual([...expected].toSorted());
  });

  it("a message goes back to where it was locked from", () => {
    expect(nextState("locked", "return")).toBe("active");
    expect(nextState("deferredLocked", "return")).toBe("deferred");
  });
});

describe("decideReturn", () => {
  const policy = {
    maxDeliveryCount: 3,
    deadLettersExpired: true,
    requiresSession: false,
  };
  const message = {
    deliveries: 1,
    expiresAt: Infinity,
    sessionId: undefined,
  };

  it.each([
    [message, policy, { event: "return" }],
    [
      { ...message, deliveries: 3 },
      policy,
      { event: "deadLetter", cause: "MaxDeliveryCountExceeded" },
    ],
    [
      { ...message, deliveries: 3, expiresAt: 10 },
      policy,
      { event: "deadLetter", cause: "TTLExpiredException" },
    ],
    [
      { ...message, expiresAt: 10 },
      { ...policy, deadLettersExpired: false },
      { event: "expire" },
    ],
    [{ ...message, expiresAt: 11 }, policy, { event: "return" }],
    [
      message,
      { ...policy, requiresSession: true },
      { event: "deadLetter", cause: "Session ID is null" },
    ],
    [
      { ...message, sessionId: "s" },
      { ...policy, requiresSession: true },
      { event: "return" },
    ],
  ])("%o under %o at 10: %o", (returning, under, decision) => {
    expect(decideReturn(returning, under, 10)).toEqual(decision);
  });
});
