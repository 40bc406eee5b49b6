import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  ConsensusSnapshot,
  type Position,
  toConsensus,
} from "../../../shared/personas/consensus.ts";

const position = (item: number, confidence?: number): Position => ({
  item,
  confidence,
  notFound: false,
});

test("the surest leads, those about as sure support it, and the score is their share", () => {
  expect(
    toConsensus([position(0, 0.6), position(1, 0.9), position(2, 0.75)], 1),
  ).toEqual({
    round: 1,
    leader: 1,
    score: 0.733,
    supporters: [1, 2],
    dissenters: [0],
    positions: [
      { item: 0, confidence: 0.6 },
      { item: 1, confidence: 0.9 },
      { item: 2, confidence: 0.75 },
    ],
  });
});

test("of equals the first that was asked leads", () => {
  expect(toConsensus([position(4, 0.8), position(7, 0.8)], 1)?.leader).toBe(4);
});

test("who found an answer leads before who surely found none, and the two do not agree", () => {
  expect(
    toConsensus(
      [{ ...position(0, 0.95), notFound: true }, position(1, 0.9)],
      1,
    ),
  ).toMatchObject({
    leader: 1,
    supporters: [1],
    dissenters: [0],
    score: 0.486,
  });
});

test("where nobody found an answer, that is the consensus", () => {
  const none = [0.4, 0.5].map((confidence, item) => ({
    ...position(item, confidence),
    notFound: true,
  }));
  expect(toConsensus(none, 1)).toMatchObject({
    leader: 1,
    supporters: [0, 1],
    score: 1,
  });
});

test("who was shown the leader's opinion supports it by saying so, however sure it is", () => {
  expect(
    toConsensus(
      [
        position(0, 0.9),
        { ...position(1, 0.2), agreesWith: [0] },
        { ...position(2, 0.89), agreesWith: [1] },
      ],
      2,
    ),
  ).toMatchObject({ leader: 0, supporters: [0, 1], dissenters: [2] });
});

test("an opinion that does not say how sure it is counts half", () => {
  expect(toConsensus([position(0), position(1, 0.5)], 1)).toMatchObject({
    leader: 0,
    supporters: [0, 1],
  });
});

test("without a position there is no consensus, and without any confidence its score is 0", () => {
  expect(toConsensus([], 1)).toBeUndefined();
  expect(toConsensus([position(0, 0)], 1)?.score).toBe(0);
});

test("everybody is on one side, the score is within its bounds, and order aside the result is the same", () => {
  const positions = fc
    .uniqueArray(
      fc.record({
        item: fc.nat(9),
        confidence: fc.integer({ min: 0, max: 1000 }).map((n) => n / 1000),
        notFound: fc.boolean(),
      }),
      { selector: ({ item }) => item, minLength: 1 },
    )
    .map((list) => list.toSorted((left, right) => left.item - right.item));
  fc.assert(
    fc.property(positions, (list) => {
      const consensus = ConsensusSnapshot.parse(toConsensus(list, 1));
      const { supporters, dissenters, leader } = consensus;
      expect(new Set([...supporters, ...dissenters])).toEqual(
        new Set(list.map(({ item }) => item)),
      );
      expect(supporters.length + dissenters.length).toBe(list.length);
      expect(supporters).toContain(leader);
    }),
  );
});
